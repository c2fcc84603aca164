//! Files in object stores and on the web, by their URLs: `s3://`, `gs://`, `az://`, `https://`.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::Path;

/// Whether a path or a pattern is a URL.
pub(crate) fn is_url(path: &str) -> bool {
    let is_of_scheme = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    path.split_once("://")
        .is_some_and(|(scheme, _)| !scheme.is_empty() && scheme.bytes().all(is_of_scheme))
}

/// The URL that a file's path is, if it is one.
pub(crate) fn url(path: &Path) -> Option<&str> {
    path.to_str().filter(|path| is_url(path))
}

/// What the names of variables begin with that stores are asked by.
const STORES: [&str; 3] = ["AWS_", "AZURE_", "GOOGLE_"];

/// Where objects are looked for: credentials and settings of stores, by the names of their tools' variables.
#[cfg_attr(
    not(feature = "objects"),
    expect(dead_code, reason = "only stores ask for it")
)]
pub(crate) struct Store(pub(super) Vec<(String, String)>);

impl Store {
    /// By the environment's variables, such as `AWS_ACCESS_KEY_ID` and `AWS_ENDPOINT`.
    pub(crate) fn of_environment() -> Self {
        let read = |(name, value): (OsString, OsString)| {
            let name = name.into_string().ok()?;
            let is_of_stores = STORES.iter().any(|store| name.starts_with(store));
            Some((name.to_ascii_lowercase(), value.into_string().ok()?)).filter(|_| is_of_stores)
        };
        Self(std::env::vars_os().filter_map(read).collect())
    }

    /// What is under a URL: itself, or else all that begins with it, by what follows, with sizes; sorted.
    pub(super) fn list(&self, url: &str) -> io::Result<Vec<(String, u64)>> {
        store::Object::of(self, url)?.list()
    }

    /// An object as a file of its own, which is gone when it is closed.
    pub(super) fn open(&self, url: &str) -> io::Result<File> {
        store::Object::of(self, url)?.fetch()
    }
}

/// Bytes of an object.
pub(crate) struct Pieces(store::Object);

impl Pieces {
    /// Those of the object at a URL, with its size.
    pub(crate) fn of(store: &Store, url: &str) -> io::Result<(Self, u64)> {
        let object = store::Object::of(store, url)?;
        let size = object.size()?;
        Ok((Self(object), size))
    }

    /// Those in some ranges.
    pub(crate) fn read(&self, ranges: &[Range<u64>]) -> io::Result<Vec<Vec<u8>>> {
        self.0.pieces(ranges)
    }
}

#[cfg(not(feature = "objects"))]
mod store {
    use super::*;

    pub(super) enum Object {}

    impl Object {
        pub(super) fn of(_: &Store, url: &str) -> io::Result<Self> {
            let rule =
                "this program reads no object stores: build it with `--features objects`, or fetch the files";
            Err(io::Error::new(
                io::ErrorKind::Unsupported,
                format!("{url}: {rule}"),
            ))
        }

        pub(super) fn list(&self) -> io::Result<Vec<(String, u64)>> {
            match *self {}
        }

        pub(super) fn fetch(&self) -> io::Result<File> {
            match *self {}
        }

        pub(super) fn size(&self) -> io::Result<u64> {
            match *self {}
        }

        pub(super) fn pieces(&self, _: &[Range<u64>]) -> io::Result<Vec<Vec<u8>>> {
            match *self {}
        }
    }
}

#[cfg(feature = "objects")]
mod store {
    use std::io::{Seek as _, Write as _};

    use futures_util::{StreamExt as _, TryStreamExt as _};
    use object_store::path::Path;
    use object_store::{Error, ObjectStore, ObjectStoreExt as _, parse_url_opts};
    use url::Url;

    use super::*;

    /// An object, or what several begin with, in its store.
    pub(super) struct Object {
        store: Box<dyn ObjectStore>,
        path: Path,
        /// Whether it is a file of the web, of which there is no list.
        is_web: bool,
    }

    impl Object {
        pub(super) fn of(store: &Store, url: &str) -> io::Result<Self> {
            let refused = |rule: &str| Err(io::Error::new(io::ErrorKind::InvalidInput, rule));
            let Ok(parsed) = Url::parse(url) else {
                return refused("it is no URL; write it as s3://BUCKET/KEY or https://HOST/FILE");
            };
            if !parsed.username().is_empty() || parsed.password().is_some() {
                // Names of files are written down.
                return refused("it holds a name or a password; give these by the environment");
            }
            if parsed.query().is_some() || parsed.fragment().is_some() {
                return refused("it holds `?` or `#`, which part no objects; write them as %3F and %23");
            }
            let plain = (parsed.scheme() == "http").then(|| ("allow_http".to_owned(), "true".to_owned()));
            let options = store.0.iter().cloned().chain(plain);
            let (store, path) = parse_url_opts(&parsed, options).map_err(failed)?;
            let is_web = matches!(parsed.scheme(), "http" | "https");
            Ok(Self { store, path, is_web })
        }

        pub(super) fn size(&self) -> io::Result<u64> {
            Ok(wait(self.store.head(&self.path))?.size)
        }

        pub(super) fn list(&self) -> io::Result<Vec<(String, u64)>> {
            match self.size() {
                Ok(size) => return Ok(vec![(String::new(), size)]),
                Err(error) if error.kind() == io::ErrorKind::NotFound && !self.is_web => {}
                Err(error) => return Err(error),
            }
            let objects: Vec<_> = wait(self.store.list(Some(&self.path)).try_collect())?;
            let found = objects.into_iter().filter_map(|object| {
                // Parts as a URL has them.
                let below = object.location.prefix_match(&self.path)?;
                let below: Vec<String> = below.map(|part| escaped(part.as_ref())).collect();
                // Folders are objects without a name in some stores.
                Some((below.join("/"), object.size)).filter(|(below, _)| !below.is_empty())
            });
            let mut found: Vec<(String, u64)> = found.collect();
            found.sort();
            Ok(found)
        }

        pub(super) fn fetch(&self) -> io::Result<File> {
            let mut file = tempfile::tempfile()?;
            let fetched = async {
                let mut stream = self.store.get(&self.path).await?.into_stream();
                while let Some(bytes) = stream.next().await {
                    let written = file.write_all(&bytes?);
                    if let Err(source) = written {
                        return Ok(Err(source));
                    }
                }
                Ok(Ok(()))
            };
            wait(fetched)??;
            file.rewind()?;
            Ok(file)
        }

        pub(super) fn pieces(&self, ranges: &[Range<u64>]) -> io::Result<Vec<Vec<u8>>> {
            let pieces = wait(self.store.get_ranges(&self.path, ranges))?;
            Ok(pieces.into_iter().map(Vec::from).collect())
        }
    }

    /// A part of a path as a URL has it.
    fn escaped(part: &str) -> String {
        let mut escaped = String::new();
        for letter in part.chars() {
            match letter {
                '%' | '?' | '#' | ' ' => escaped.push_str(&format!("%{:02X}", u32::from(letter))),
                _ => escaped.push(letter),
            }
        }
        escaped
    }

    /// What a future of a store comes to, on this thread.
    fn wait<T>(future: impl Future<Output = object_store::Result<T>>) -> io::Result<T> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(future).map_err(failed)
    }

    fn failed(error: Error) -> io::Error {
        let kind = match &error {
            Error::NotFound { .. } => io::ErrorKind::NotFound,
            Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => io::ErrorKind::PermissionDenied,
            _ => io::ErrorKind::Other,
        };
        io::Error::new(kind, error)
    }
}
