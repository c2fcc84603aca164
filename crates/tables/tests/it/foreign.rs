//! Files that are no tables, by name.

use super::*;

#[test]
fn a_file_of_another_kind_is_named_with_a_remedy() {
    let zip = |names: &str| [&b"PK\x03\x04\x14\0\0\0\x08\0"[..], names.as_bytes(), &[0; 40]].concat();
    let padded = |start: &[u8]| [start, &[0; 64]].concat();
    let event = b"\x18\0\0\0\0\0\0\0\xa3\x7f\x4b\x22\x09\0\0\0\xd0\x5e\x8d\xd9A\x1a\x0dbrain.Event:2";
    let mut tar = vec![0; 512];
    tar[..8].copy_from_slice(b"runs.csv");
    tar[257..262].copy_from_slice(b"ustar");
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gzip, &tar).unwrap();
    let folder = Folder::new();
    for (name, content, says) in [
        (
            "runs.xlsx",
            zip("[Content_Types].xml"),
            ["Excel workbook (xlsx)", "as CSV"],
        ),
        (
            "runs.ods",
            zip("mimetypeapplication/vnd.oasis.opendocument"),
            ["OpenDocument", "as CSV"],
        ),
        ("runs.npz", zip("loss.npy"), ["NumPy arrays", "to_csv"]),
        ("runs.pt", zip("archive/data.pkl"), ["PyTorch", "to_csv"]),
        ("runs.zip", zip("runs.csv"), ["ZIP archive", "unpack"]),
        (
            "runs.xls",
            padded(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
            ["Excel", "as CSV"],
        ),
        (
            "runs.npy",
            b"\x93NUMPY\x01\0v\0{'descr': '<f8'}".to_vec(),
            ["NumPy array", "to_csv"],
        ),
        ("runs.pkl", padded(b"\x80\x04\x95\x10"), ["pickle", "to_csv"]),
        (
            "runs.db",
            padded(b"SQLite format 3\0"),
            ["SQLite", "sqlite3 -header -csv"],
        ),
        (
            "runs.feather",
            padded(b"ARROW1\0\0"),
            ["Arrow file", "to_parquet"],
        ),
        (
            "events.out.tfevents.1",
            event.to_vec(),
            ["log of TensorBoard", "CSV"],
        ),
        (
            "run.wandb",
            padded(b":W&B\xe1\xbe\0"),
            ["Weights & Biases", "CSV"],
        ),
        (
            "model.safetensors",
            b"\x40\0\0\0\0\0\0\0{\"a\":{}}".to_vec(),
            ["safetensors", "one run a row"],
        ),
        (
            "runs.csv.bz2",
            b"BZh91AY&SY\xff\x01\x8c".to_vec(),
            ["bzip2", "gzip or Zstandard"],
        ),
        (
            "runs.csv.xz",
            padded(b"\xfd7zXZ\0"),
            ["xz file", "gzip or Zstandard"],
        ),
        ("runs.tar", tar, ["tar archive", "unpack"]),
        (
            "runs.tar.gz",
            gzip.finish().unwrap(),
            ["tar archive inside gzip", "unpack"],
        ),
        (
            "runs.parquet.zst",
            zstd::encode_all(&b"PAR1\x15\0\x15"[..], 1).unwrap(),
            ["a Parquet file inside Zstandard", "unpack"],
        ),
        (
            "page.csv",
            b"<!DOCTYPE html><html>".to_vec(),
            ["web page", "download"],
        ),
        (
            "pointer.csv",
            b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n".to_vec(),
            ["Git LFS", "git lfs pull"],
        ),
        (
            "noise.bin",
            vec![7, 9, 0, 0, 3, 1, 200, 0],
            ["unknown kind", "CSV, JSON"],
        ),
    ] {
        let said = columns(&folder.write(name, content)).unwrap_err();
        for part in [name, "which is not read", says[0], says[1]] {
            assert!(said.to_string().contains(part), "{name}: {said}");
        }
    }
}

#[test]
fn a_heading_that_begins_like_another_kind_is_a_heading() {
    let folder = Folder::new();
    for name in ["ORC", "GGUF", "BZh", "FEA1", "ustar"] {
        // A name that is no ASCII, in UTF-8 and in Latin-1.
        for model in [&b"m"[..], "Mod\u{e8}le".as_bytes(), b"Mod\xe8le"] {
            let rows = [name.as_bytes(), b",N,model\n1,2,", model, b"\n"].concat();
            let path = folder.write("runs.csv", rows);
            assert_eq!(columns(&path).unwrap(), [name, "N", "model"]);
        }
    }
}
