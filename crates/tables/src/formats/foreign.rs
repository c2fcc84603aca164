//! Files that people have runs in and that are no tables here, known by their first bytes.

use triaxis_host::text::{UTF_8, encoding};

const PANDAS: &str = "write CSV or Parquet from it, as in `pandas.DataFrame(...).to_csv(\"runs.csv\")`";
const UNPACK: &str = "unpack it first";
const SHEET: &str = "save its sheet as CSV";

/// Where the bytes stand, the bytes, what the file is, and what to do.
const SIGNATURES: [(usize, &[u8], &str, &str); 31] = [
    (
        0,
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        "an old Excel workbook (xls)",
        SHEET,
    ),
    (0, b"\x93NUMPY", "a NumPy array (npy)", PANDAS),
    (0, b"\x80\x02", "a Python pickle", PANDAS),
    (0, b"\x80\x03", "a Python pickle", PANDAS),
    (0, b"\x80\x04\x95", "a Python pickle", PANDAS),
    (0, b"\x80\x05\x95", "a Python pickle", PANDAS),
    (
        0,
        b"SQLite format 3\0",
        "an SQLite database",
        "export its table, as in `sqlite3 -header -csv FILE 'select * from runs' > runs.csv`",
    ),
    (
        0,
        b"ARROW1",
        "an Arrow file (Feather)",
        "write it as Parquet, as in `pandas.read_feather(FILE).to_parquet(\"runs.parquet\")`",
    ),
    (
        0,
        b"\xff\xff\xff\xff",
        "an Arrow stream",
        "write it as Parquet with `pyarrow.parquet.write_table`",
    ),
    (
        0,
        b"FEA1",
        "a Feather file",
        "write it as Parquet, as in `pandas.read_feather(FILE).to_parquet(\"runs.parquet\")`",
    ),
    (
        0,
        b"PAR1",
        "a Parquet file",
        "unpack it: Parquet is compressed within",
    ),
    (
        0,
        b"PARE",
        "an encrypted Parquet file",
        "write it without encryption",
    ),
    (0, b"ORC", "an ORC file", "write it as Parquet"),
    (0, b"Obj\x01", "an Avro file", "write it as Parquet"),
    (0, b"\x89HDF\r\n\x1a\n", "an HDF5 file", PANDAS),
    (0, b"CDF\x01", "a NetCDF file", PANDAS),
    (
        0,
        b":W&B",
        "a log of Weights & Biases",
        "export the runs as CSV from the project's table, or with `wandb.Api().runs(...)`",
    ),
    (
        0,
        b"GGUF",
        "model weights (GGUF)",
        "give a table with one run a row",
    ),
    (0, b"\x1f\x8b", "a gzip file", UNPACK),
    (0, b"\x28\xb5\x2f\xfd", "a Zstandard file", UNPACK),
    (
        0,
        b"BZh",
        "a bzip2 file",
        "unpack it, or compress it with gzip or Zstandard",
    ),
    (
        0,
        b"\xfd7zXZ\0",
        "an xz file",
        "unpack it, or compress it with gzip or Zstandard",
    ),
    (
        0,
        b"\x04\x22\x4d\x18",
        "an LZ4 file",
        "unpack it, or compress it with gzip or Zstandard",
    ),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", UNPACK),
    (257, b"ustar", "a tar archive", UNPACK),
    (0, b"%PDF-", "a PDF document", "copy its table to CSV"),
    (
        0,
        b"\x89PNG\r\n",
        "a picture (PNG)",
        "give the numbers that it was drawn from",
    ),
    (
        0,
        b"version https://git-lfs.github.com/spec/",
        "a pointer of Git LFS instead of the file",
        "fetch the file with `git lfs pull`",
    ),
    (
        0,
        b"<!DOCTYPE",
        "a web page (HTML)",
        "download the file behind it, or export its table as CSV",
    ),
    (
        0,
        b"<html",
        "a web page (HTML)",
        "download the file behind it, or export its table as CSV",
    ),
    (
        0,
        b"<!doctype",
        "a web page (HTML)",
        "download the file behind it, or export its table as CSV",
    ),
];

/// Names in the first bytes of a ZIP archive that say what it is, the first that is there.
const ZIPPED: [(&[u8], &str, &str); 5] = [
    (b"application/vnd.oasis", "an OpenDocument sheet (ods)", SHEET),
    (b".npy", "NumPy arrays (npz)", PANDAS),
    (b"data.pkl", "a PyTorch checkpoint", PANDAS),
    (b"[Content_Types].xml", "an Excel workbook (xlsx)", SHEET),
    (b"xl/", "an Excel workbook (xlsx)", SHEET),
];

/// What a file is that begins like `head`, and what to do; nothing where it may be a table.
pub(super) fn named(head: &[u8]) -> Option<(&'static str, &'static str)> {
    let holds = |bytes: &[u8]| head.windows(bytes.len()).any(|window| window == bytes);
    if head.starts_with(b"PK\x03\x04") {
        let zipped = ZIPPED.iter().find(|(name, ..)| holds(name));
        return Some(zipped.map_or(("a ZIP archive", UNPACK), |(_, what, remedy)| (*what, *remedy)));
    }
    // Lengths as eight bytes: of TensorBoard's first record, and of the heading of safetensors.
    if holds(b"brain.Event:") && head.contains(&0) {
        return Some((
            "a log of TensorBoard",
            "download its scalars as CSV from TensorBoard's page, or write them with `EventAccumulator`",
        ));
    }
    if head.get(4..9) == Some(b"\0\0\0\0{") {
        return Some(("model weights (safetensors)", "give a table with one run a row"));
    }
    // A heading may begin with the same letters, in whatever encoding the rest of it is; other files of that
    // beginning have signs that no text has.
    let is_sign = |byte: &u8| *byte >= b' ' || byte.is_ascii_whitespace();
    let is_text = head.iter().all(is_sign);
    let is_word = |bytes: &[u8]| is_text && bytes.iter().all(u8::is_ascii_alphanumeric);
    let signed = SIGNATURES.iter().find(|(at, bytes, ..)| {
        !is_word(bytes) && head.get(*at..).is_some_and(|rest| rest.starts_with(bytes))
    });
    if let Some((_, _, what, remedy)) = signed {
        return Some((what, remedy));
    }
    // Texts have no zeros; those of UTF-16 do.
    let is_binary = head.contains(&0) && encoding(head).0 == UTF_8;
    is_binary.then_some((
        "a binary file of an unknown kind",
        "give CSV, JSON, JSON Lines or Parquet",
    ))
}
