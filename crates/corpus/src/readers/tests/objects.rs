//! Objects of a store that speaks as S3 does, and files of a web server.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::thread;

use super::*;
use crate::readers::objects::{Pieces, Store, is_url, url};

/// A server of objects by their paths, which lists those of `/bucket/` as S3 does. It answers until the test ends.
fn served(objects: &[(&'static str, Vec<u8>)]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let objects: Arc<BTreeMap<String, Vec<u8>>> = Arc::new(
        objects
            .iter()
            .map(|(path, bytes)| (format!("/{path}"), bytes.clone()))
            .collect(),
    );
    thread::spawn(move || {
        for stream in listener.incoming() {
            let objects = objects.clone();
            thread::spawn(move || answer(stream.unwrap(), &objects));
        }
    });
    format!("http://{address}")
}

/// Answers one request: a list, an object, or some of its bytes.
fn answer(stream: TcpStream, objects: &BTreeMap<String, Vec<u8>>) {
    let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
    let Some(first) = lines.next() else { return };
    let range = lines.take_while(|line| !line.is_empty()).find_map(|line| {
        Some(
            line.to_ascii_lowercase()
                .strip_prefix("range: bytes=")?
                .to_owned(),
        )
    });
    let mut words = first.split(' ');
    let (method, target) = (words.next().unwrap(), words.next().unwrap());
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let path = &path.replace("%20", " ").replace("%23", "#").replace("%25", "%");
    let (status, headers, body) = match (objects.get(path), query.contains("list-type=2")) {
        (_, true) => ("200 OK", String::new(), listing(query, objects)),
        (None, _) => ("404 Not Found", String::new(), Vec::new()),
        (Some(bytes), _) => match range.as_deref().and_then(|range| range.split_once('-')) {
            None => ("200 OK", String::new(), bytes.clone()),
            Some((from, to)) => {
                let (from, to): (usize, usize) = (from.parse().unwrap(), to.parse().unwrap());
                let range = format!("Content-Range: bytes {from}-{to}/{}\r\n", bytes.len());
                ("206 Partial Content", range, bytes[from..=to].to_vec())
            }
        },
    };
    let length = body.len();
    let dated = "Last-Modified: Mon, 30 Nov 2026 12:00:00 GMT\r\nETag: \"a\"\r\nConnection: close\r\n";
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n{dated}{headers}\r\n");
    (&stream).write_all(head.as_bytes()).unwrap();
    if method != "HEAD" {
        (&stream).write_all(&body).unwrap();
    }
}

fn listing(query: &str, objects: &BTreeMap<String, Vec<u8>>) -> Vec<u8> {
    let prefix = query
        .split('&')
        .find_map(|part| part.strip_prefix("prefix="))
        .unwrap_or_default()
        .replace("%2F", "/");
    let keys = objects
        .iter()
        .filter_map(|(path, bytes)| Some((path.strip_prefix("/bucket/")?, bytes)))
        .filter(|(key, _)| key.starts_with(&prefix));
    let contents = keys.map(|(key, bytes)| {
        let size = bytes.len();
        format!(
            "<Contents><Key>{key}</Key><LastModified>2026-11-30T12:00:00.000Z</LastModified><ETag>a</ETag><Size>{size}\
             </Size></Contents>"
        )
    });
    let contents: String = contents.collect();
    format!("<ListBucketResult><IsTruncated>false</IsTruncated>{contents}</ListBucketResult>").into_bytes()
}

fn store(server: &str) -> Store {
    let options = [
        ("aws_endpoint", server),
        ("aws_allow_http", "true"),
        ("aws_access_key_id", "key"),
        ("aws_secret_access_key", "secret"),
        ("aws_region", "here"),
    ];
    Store(
        options
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec(),
    )
}

#[test]
fn what_a_bucket_holds_under_a_prefix_is_listed_and_read() {
    let large: Vec<u8> = (0..3_000_000_u32).map(|number| (number % 251) as u8).collect();
    let server = served(&[
        ("bucket/data/a.txt", b"one".to_vec()),
        ("bucket/data/deep/b.txt", large.clone()),
        ("bucket/data/part #1 of 100%.txt", b"named".to_vec()),
        ("bucket/data/", Vec::new()),
        ("bucket/database/c.txt", b"other".to_vec()),
    ]);
    let store = store(&server);
    let listed = store.list("s3://bucket/data/").unwrap();
    let part = "part%20%231%20of%20100%25.txt";
    let expected = [("a.txt", 3), ("deep/b.txt", 3_000_000), (part, 5)];
    assert_eq!(listed, expected.map(|(name, size)| (name.to_owned(), size)));
    let named = store.open(&format!("s3://bucket/data/{part}")).unwrap();
    assert_eq!(std::io::read_to_string(named).unwrap(), "named");
    assert_eq!(
        store.list("s3://bucket/data/a.txt").unwrap(),
        [(String::new(), 3)]
    );
    let mut read = Vec::new();
    std::io::Read::read_to_end(&mut store.open("s3://bucket/data/deep/b.txt").unwrap(), &mut read).unwrap();
    assert!(read == large);
    let (pieces, size) = Pieces::of(&store, "s3://bucket/data/deep/b.txt").unwrap();
    assert_eq!(size, 3_000_000);
    let ranges = [0..10, 1_000_000..1_000_007, 2_999_999..3_000_000];
    let found = pieces.read(&ranges).unwrap();
    for (range, piece) in ranges.iter().zip(found) {
        assert_eq!(piece, large[range.start as usize..range.end as usize]);
    }
    for (url, word) in [
        ("s3://me:secret@bucket/a", "a password"),
        ("https://a.org/b?signature=c", "`?`"),
    ] {
        let error = store.open(url).unwrap_err().to_string();
        assert!(error.contains(word) && !error.contains("secret"), "{error}");
    }
    let missing = store.open("s3://bucket/data/none").unwrap_err();
    assert_eq!(missing.kind(), std::io::ErrorKind::NotFound);
    assert!(store.list("s3://bucket/nothing/").unwrap().is_empty());
}

#[test]
fn a_file_of_the_web_is_a_source_and_is_told_by_the_bytes_of_a_local_one() {
    let lines: String = (0..40_000)
        .map(|number| format!("{{\"text\": \"document {number}\"}}\n"))
        .collect();
    let server = served(&[
        ("a.jsonl.gz", gzip(lines.as_bytes())),
        ("b.jsonl", lines.clone().into_bytes()),
    ]);
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("b.jsonl"), &lines).unwrap();
    let spec = |include: &str| -> SourceSpec {
        toml::from_str(&format!("kind = 'jsonl'\nname = 'a'\ninclude = ['{include}']")).unwrap()
    };
    let place = crate::readers::Place {
        base: folder.path().to_owned(),
        avoid: Vec::new(),
    };
    for name in ["a.jsonl.gz", "b.jsonl"] {
        let spec = spec(&format!("{server}/{name}"));
        let listing = spec.source().files(&place).unwrap();
        let [file] = &listing.files[..] else {
            panic!("{}", listing.files.len())
        };
        assert_eq!(file.id, format!("{server}/{name}"));
        let (mut count, limits) = (
            0,
            Limits {
                longest: LONGEST,
                cut: false,
            },
        );
        spec.source()
            .read(file, limits, &mut |piece| {
                count += usize::from(matches!(piece, Piece::Document { .. }));
                Ok(ControlFlow::Continue(()))
            })
            .unwrap();
        assert_eq!(count, 40_000, "{name}");
    }
    let remote = PathBuf::from(format!("{server}/b.jsonl"));
    let local = folder.path().join("b.jsonl");
    assert_eq!(
        crate::content::hash(&remote).unwrap(),
        crate::content::hash(&local).unwrap()
    );
    let error = spec(&format!("{server}/c.jsonl"))
        .source()
        .files(&place)
        .map(drop)
        .unwrap_err();
    assert!(error.to_string().contains("c.jsonl"), "{error}");
}

#[test]
fn urls_are_told_from_paths() {
    assert!(is_url("s3://bucket/*.jsonl") && is_url("https://a.org/b"));
    assert!(!is_url("docs/**/*.md") && !is_url("/a://b") && !is_url("://b"));
    assert_eq!(url(Path::new("gs://a/b")), Some("gs://a/b"));
}
