//! Extension points: what one can be is a line of its registry, and a file of its own.

/// A line of a registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// What specs and commands call it.
    pub name: &'static str,
    /// What it is, and its papers.
    pub about: &'static str,
}

/// The enum of an extension point, a line a variant. Each variant is a type of the same name with a constant `ABOUT`
/// and a trait that does the work, got by the method named after `as`. With `by`, a variant holds the settings of that
/// type, and the key after `by` tells which it is; without, it is its name alone.
#[macro_export]
macro_rules! registry {
    ($(#[$meta:meta])* pub enum $Spec:ident by $key:literal as $get:ident: $Trait:ident {
        $($Variant:ident = $name:literal,)+
    }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(tag = $key)]
        pub enum $Spec {
            $(#[doc = concat!("See [`", stringify!($Variant), "`].")] #[serde(rename = $name)] $Variant($Variant),)+
        }

        impl $Spec {
            /// Every line of the registry.
            pub const REGISTRY: &[$crate::Entry] =
                &[$($crate::Entry { name: $name, about: $Variant::ABOUT },)+];

            /// The name of its line.
            pub fn kind(&self) -> &'static str {
                match self { $(Self::$Variant(_) => $name,)+ }
            }

            pub(crate) fn $get(&self) -> &dyn $Trait {
                match self { $(Self::$Variant(settings) => settings,)+ }
            }
        }
    };
    ($(#[$meta:meta])* pub enum $Spec:ident as $get:ident: $Trait:ident {
        $($Variant:ident = $name:literal $(or $old:literal)?,)+
    }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $Spec {
            $(
                #[doc = concat!("See [`", stringify!($Variant), "`](struct@", stringify!($Variant), ").")]
                #[serde(rename = $name $(, alias = $old)?)]
                $Variant,
            )+
        }

        impl $Spec {
            /// Every line of the registry.
            pub const REGISTRY: &[$crate::Entry] =
                &[$($crate::Entry { name: $name, about: $Variant::ABOUT },)+];
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$Variant,)+];

            /// Its name in specs.
            pub fn name(self) -> &'static str {
                match self { $(Self::$Variant => $name,)+ }
            }

            pub(crate) fn $get(self) -> &'static dyn $Trait {
                match self { $(Self::$Variant => &$Variant,)+ }
            }
        }
    };
}
