//! Files of every format, whole and broken.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use flate2::write::GzEncoder;
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use triaxis_tables::{Rule, Source, Wanted};

use super::*;

const CSV: &str = "name,N,D,val_loss\na,1000000,2e7,3.5\nb,2000000,,3.25\n\"c, d\",4000000,8e7,3.0\n";
const JSON: &str = r#"{"name": "a", "N": 1000000, "D": 2e7, "val_loss": 3.5}
{"name": "b", "N": 2000000, "D": null, "val_loss": 3.25}

{"name": "c, d", "N": 4000000, "D": 8e7, "val_loss": "3.0"}
"#;

fn parquet_file(path: &Path) {
    let schema = "message runs { optional binary name (UTF8); required int64 N; optional double D; required float val_loss; \
                  required group config { required int32 width; } repeated int32 list; }";
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let properties = Arc::new(WriterProperties::builder().build());
    let mut writer = SerializedFileWriter::new(File::create(path).unwrap(), schema, properties).unwrap();
    // Two row groups, as large files have.
    let groups = [
        (
            vec!["a", "b"],
            vec![1_000_000, 2_000_000],
            vec![Some(2e7), None],
            vec![3.5, 3.25],
        ),
        (vec!["c, d"], vec![4_000_000], vec![Some(8e7)], vec![3.0]),
    ];
    for (names, params, tokens, losses) in groups {
        let mut group = writer.next_row_group().unwrap();
        while let Some(mut column) = group.next_column().unwrap() {
            let ones = vec![1; names.len()];
            match column.untyped() {
                ColumnWriter::ByteArrayColumnWriter(writer) => {
                    let names: Vec<ByteArray> = names.iter().map(|name| ByteArray::from(*name)).collect();
                    writer.write_batch(&names, Some(&ones), None).unwrap();
                }
                ColumnWriter::Int64ColumnWriter(writer) => {
                    assert_eq!(writer.write_batch(&params, None, None).unwrap(), names.len())
                }
                ColumnWriter::DoubleColumnWriter(writer) => {
                    let levels: Vec<i16> = tokens.iter().map(|token| i16::from(token.is_some())).collect();
                    let present: Vec<f64> = tokens.iter().copied().flatten().collect();
                    writer.write_batch(&present, Some(&levels), None).unwrap();
                }
                ColumnWriter::FloatColumnWriter(writer) => {
                    assert_eq!(writer.write_batch(&losses, None, None).unwrap(), names.len())
                }
                ColumnWriter::Int32ColumnWriter(writer)
                    if column_is_list(writer.get_descriptor().max_rep_level()) =>
                {
                    let zeros = vec![0; names.len()];
                    writer
                        .write_batch(&[7].repeat(names.len()), Some(&ones), Some(&zeros))
                        .unwrap();
                }
                ColumnWriter::Int32ColumnWriter(writer) => {
                    writer.write_batch(&[64].repeat(names.len()), None, None).unwrap();
                }
                _ => panic!("no such column in the schema"),
            }
            column.close().unwrap();
        }
        group.close().unwrap();
    }
    writer.close().unwrap();
}

fn column_is_list(level: i16) -> bool {
    level > 0
}

#[test]
fn every_format_gives_the_same_numbers() {
    let folder = Folder::new();
    let parquet = folder.0.path().join("runs.parquet");
    parquet_file(&parquet);
    let mut gzip = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(JSON.as_bytes()).unwrap();
    let files = [
        (folder.write("runs.csv", CSV), "line 4"),
        (
            folder.write("marked.csv", [&b"\xef\xbb\xbf"[..], CSV.as_bytes()].concat()),
            "line 4",
        ),
        (
            folder.write(
                "runs.tsv",
                "name\tN\tD\tval_loss\na\t1e6\t2e7\t3.5\nb\t2e6\t\t3.25\nc, d\t4e6\t8e7\t3\n",
            ),
            "line 4",
        ),
        (
            folder.write(
                "european.csv",
                "name;N;D;val_loss\na;1e6;2e7;3.5\nb;2e6;;3.25\nc, d;4e6;8e7;3\n",
            ),
            "line 4",
        ),
        (folder.write("windows.csv", CSV.replace('\n', "\r\n")), "line 4"),
        (folder.write("runs.jsonl", JSON), "line 4"),
        (folder.write("runs.jsonl.gz", gzip.finish().unwrap()), "line 4"),
        (
            folder.write("runs.jsonl.zst", zstd::encode_all(JSON.as_bytes(), 1).unwrap()),
            "line 4",
        ),
        (
            folder.write("runs.csv.zst", zstd::encode_all(CSV.as_bytes(), 1).unwrap()),
            "line 4",
        ),
        (parquet, "row 3"),
    ];
    for (path, place) in files {
        assert_eq!(
            &columns(&path).unwrap()[..4],
            ["name", "N", "D", "val_loss"],
            "{}",
            path.display()
        );
        let table = read(&path, &query(&["N", "D", "val_loss"], "name != \"b\"")).unwrap();
        assert_eq!(numbers(&table, "N"), [1e6, 4e6], "{}", path.display());
        assert_eq!(numbers(&table, "D"), [2e7, 8e7]);
        assert_eq!(numbers(&table, "val_loss"), [3.5, 3.0]);
        assert_eq!(
            (table.found(), table.rows(), table.place(1)),
            (3, 2, place.to_owned())
        );
    }
}

#[test]
fn nested_values_are_named_by_their_path() {
    let folder = Folder::new();
    let path = folder.write(
        "runs.jsonl",
        "{\"a\": {\"b\": 2, \"c\": [1]}, \"d.e\": 3}\n{\"a\": {\"b\": 4}, \"f\": true}\n",
    );
    assert_eq!(columns(&path).unwrap(), ["a.b", "a.c", "d.e", "f"]);
    assert_eq!(
        numbers(&read(&path, &query(&["a.b"], "")).unwrap(), "a.b"),
        [2.0, 4.0]
    );
    assert_eq!(
        numbers(&read(&path, &query(&["a.b"], "f == 'true'")).unwrap(), "a.b"),
        [4.0]
    );
    let table = read(&path, &query(&["a.c"], "")).unwrap();
    let said = table.column("a.c").unwrap().unwrap_err().to_string();
    assert!(said.contains("`a.c` line 1: it is a list"), "{said}");
    let parquet = folder.0.path().join("runs.parquet");
    parquet_file(&parquet);
    assert_eq!(columns(&parquet).unwrap()[4..], ["config.width", "list"]);
    assert_eq!(
        numbers(
            &read(&parquet, &query(&["config.width"], "")).unwrap(),
            "config.width"
        ),
        [64.0; 3]
    );
    assert!(
        read(&parquet, &query(&["list"], ""))
            .unwrap()
            .column("list")
            .unwrap()
            .is_err()
    );
}

#[test]
fn a_derived_column_and_names_of_roles() {
    let folder = Folder::new();
    let path = folder.write("runs.csv", CSV);
    let product = |factor, over: &[&str], under: &[&str]| Source::Product {
        factor,
        over: over.iter().map(|name| (*name).into()).collect(),
        under: under.iter().map(|name| (*name).into()).collect(),
    };
    let mut query = query(&["N"], "compute > 1e14");
    query
        .names
        .insert("compute".into(), product(6.0, &["N", "D"], &[]));
    query.columns.push(Wanted {
        name: "flops".into(),
        source: product(6.0, &["N", "D"], &[]),
        rule: Rule::Positive,
    });
    query.columns.push(Wanted {
        name: "tokens".into(),
        source: product(0.5, &["D"], &["N"]),
        rule: Rule::Positive,
    });
    query.mark = Some("compute > 1e15".parse().unwrap());
    let mut table = read(&path, &query).unwrap();
    assert_eq!(numbers(&table, "flops"), [6.0 * 1e6 * 2e7, 6.0 * 4e6 * 8e7]);
    assert_eq!(numbers(&table, "tokens"), [10.0, 10.0]);
    assert_eq!(table.marked(), [false, true]);
    table.retain(&[false, true]);
    assert_eq!(
        (numbers(&table, "N"), table.marked(), table.place(0)),
        (&[4e6][..], &[true][..], "line 4".into())
    );
}

#[test]
fn an_unusable_value_is_told_with_its_row_and_rule() {
    let folder = Folder::new();
    for (cell, says) in [
        ("diverged", "`diverged` is a text, and must be a number"),
        ("0", "it is 0, and must be a number above zero"),
        ("-1", "it is -1, and must be a number above zero"),
        ("NaN", "it is NaN, and must be a number above zero"),
        ("inf", "it is inf, and must be a number above zero"),
        ("", "it is empty, and must be a number above zero"),
        (
            "1e200",
            "it is 1e200, and must be 0, or between 1e-100 and 1e100 in size",
        ),
    ] {
        let path = folder.write("runs.csv", format!("N,loss\n1,2\n3,{cell}\n"));
        let table = read(&path, &query(&["N", "loss"], "")).unwrap();
        let error = table.column("loss").unwrap().unwrap_err();
        assert!(error.to_string().contains("column `loss` line 3"), "{error}");
        assert!(error.to_string().contains(says), "{error}");
        assert_eq!(table.spoiled().count(), 1);
        assert_eq!(table.columns().map(|(name, _)| name).collect::<Vec<_>>(), ["N"]);
        // Left out by a condition, it does no harm.
        let kept = read(&path, &query(&["N", "loss"], "N < 2 && loss > 0")).unwrap();
        assert_eq!(numbers(&kept, "loss"), [2.0]);
    }
}

#[test]
fn broken_files_are_errors() {
    let folder = Folder::new();
    let all = query(&["N"], "");
    for (name, content, says) in [
        ("empty.csv", "", "has no rows"),
        ("blank.csv", "\n \n", "has no rows"),
        ("heading.csv", "N,D\n", "has no rows"),
        (
            "ragged.csv",
            "N,D\n1,2\n3\n",
            "line 3 has 1 cell and the heading has 2",
        ),
        (
            "quote.csv",
            "N,D\n1,2\n\"3,4\n5,6\n",
            "line 3 begins a cell with a quote",
        ),
        (
            "last.csv",
            "N,D\n1,\"2\n3\"\n5,\"6\n7,8\n",
            "line 4 begins a cell with a quote",
        ),
        (
            "head.csv",
            "N,\"D\n1,2\n3,4\n",
            "line 1 begins a cell with a quote",
        ),
        ("twice.csv", "N,N\n1,2\n", "2 columns named `N`"),
        ("array.json", "[{\"N\": 1}, {\"N\": ", "element 2: EOF"),
        (
            "numbers.json",
            "[{\"N\": 1}, 2]",
            "element 2: invalid type: integer `2`",
        ),
        ("nan.json", "[{\"N\": NaN}]", "write null"),
        ("more.json", "[{\"N\": 1}] x", "trailing"),
        ("none.json", "[]", "has no rows"),
        ("cut.jsonl", "{\"N\": 1}\n{\"N\":", "line 2 is not a JSON object"),
        ("python.jsonl", "{\"N\": NaN}\n", "write null"),
        ("text.csv", "runs of mine\nin a text\n", "no column `N`"),
    ] {
        let path = folder.write(name, content);
        let said = fails(&path, &all);
        assert!(said.contains(says), "{name}: {said}");
    }
    let said = fails(&folder.0.path().join("absent.csv"), &all);
    assert!(
        said.contains("cannot read") && said.contains("absent.csv"),
        "{said}"
    );
    assert!(fails(folder.0.path(), &all).contains("cannot read"));
    let path = folder.write("runs.csv", CSV);
    assert!(fails(&path, &query(&["val_los"], "")).contains("did you mean `val_loss`?"));
    assert!(fails(&path, &query(&["N"], "val_loss > 9")).contains("none of the 3 rows"));
    for (condition, parts) in [
        (
            "name > 9",
            [
                "column `name` is compared as numbers and has none (line 2: `a` is a text)",
                "name == \"...\"",
            ],
        ),
        (
            "N == 'a'",
            [
                "in the condition 'N == \"a\"' column `N` is compared with a text and has numbers alone",
                "as in N ==",
            ],
        ),
        ("nme == 'a'", ["no column `nme`", "did you mean `name`?"]),
        (
            "name == a",
            ["no column `a`", "a text to compare with stands in quotes, \"a\""],
        ),
    ] {
        let said = fails(&path, &query(&["N"], condition));
        for part in parts {
            assert!(said.contains(part), "{part}: {said}");
        }
    }
    // What is no number is compared as it stands, and a number in quotes is one.
    for condition in [
        "name != 'b' && N > 0",
        "N == '1e9' || N > 0",
        "N != ''",
        "D != 'none'",
    ] {
        assert!(read(&path, &query(&["N"], condition)).is_ok(), "{condition}");
    }
}

#[test]
fn a_last_cell_over_several_lines_is_read_where_its_quote_is_closed() {
    let folder = Folder::new();
    let path = folder.write("notes.csv", "N,note\n1,\"of two\nlines\"\n2,\"and\nof two\"\n");
    let table = read(&path, &query(&["N"], "")).unwrap();
    assert_eq!(numbers(&table, "N"), [1.0, 2.0]);
    assert_eq!(table.place(1), "line 4");
}

#[test]
fn a_product_beyond_all_numbers_is_told_with_its_line() {
    let folder = Folder::new();
    let path = folder.write("runs.csv", "N,D\n1,2\n1e70,1e70\n");
    let product = Query {
        columns: vec![Wanted {
            name: "flops".into(),
            source: Source::Product {
                factor: 6.0,
                over: vec!["N".into(), "D".into()],
                under: Vec::new(),
            },
            rule: Rule::Positive,
        }],
        ..Query::default()
    };
    let table = read(&path, &product).unwrap();
    let said = table.column("flops").unwrap().unwrap_err().to_string();
    assert!(
        said.contains("column `N` line 3: with the other columns it comes to 6"),
        "{said}"
    );
}

#[test]
fn every_cut_of_a_parquet_file_and_of_compressed_lines_is_an_error() {
    let folder = Folder::new();
    let path = folder.0.path().join("runs.parquet");
    parquet_file(&path);
    let whole = std::fs::read(&path).unwrap();
    for length in (4..whole.len()).step_by(7) {
        let cut = folder.write("cut.parquet", &whole[..length]);
        let said = fails(&cut, &query(&["N"], ""));
        assert!(said.contains("damaged or incomplete"), "{length}: {said}");
    }
    let whole = zstd::encode_all(JSON.as_bytes(), 1).unwrap();
    let cut = folder.write("cut.jsonl.zst", &whole[..whole.len() - 5]);
    let said = fails(&cut, &query(&["N"], ""));
    assert!(said.contains("damaged or incomplete"), "{said}");
}
