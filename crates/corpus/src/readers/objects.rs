//! Files in object stores and on the web, by their URLs: `s3://`, `gs://`, `az://`, `https://`.

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

/// Where objects are looked for: credentials and settings of stores, by the names of their tools' variables.
#[cfg_attr(
    not(feature = "objects"),
    expect(dead_code, reason = "only stores ask for it")
)]
pub(crate) struct Store(pub(super) Vec<(String, String)>);

impl Store {
    /// By the environment's variables, such as `AWS_ACCESS_KEY_ID` and `AWS_ENDPOINT`.
    pub(crate) fn of_environment() -> Self {
        Self(
            std::env::vars()
                .map(|(name, value)| (name.to_ascii_lowercase(), value))
                .collect(),
        )
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
    }

    impl Object {
        pub(super) fn of(store: &Store, url: &str) -> io::Result<Self> {
            let parsed = Url::parse(url).map_err(|error| {
                io::Error::new(io::ErrorKind::InvalidInput, format!("{url} is no URL: {error}"))
            })?;
            let plain = (parsed.scheme() == "http").then(|| ("allow_http".to_owned(), "true".to_owned()));
            let options = store.0.iter().cloned().chain(plain);
            let (store, path) = parse_url_opts(&parsed, options).map_err(failed)?;
            Ok(Self { store, path })
        }

        pub(super) fn size(&self) -> io::Result<u64> {
            Ok(wait(self.store.head(&self.path))?.size)
        }

        pub(super) fn list(&self) -> io::Result<Vec<(String, u64)>> {
            match self.size() {
                Ok(size) => return Ok(vec![(String::new(), size)]),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
            let mut found: Vec<(String, u64)> =
                wait(self.store.list(Some(&self.path)).try_collect::<Vec<_>>())?
                    .into_iter()
                    .filter_map(|object| {
                        let below = object.location.prefix_match(&self.path)?;
                        let below: Vec<String> = below.map(|part| part.as_ref().to_owned()).collect();
                        Some((below.join("/"), object.size))
                    })
                    .collect();
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
