//! Numbers, texts and files as people's tools write them.

use std::fs::File;
use std::sync::Arc;

use parquet::column::writer::ColumnWriter;
use parquet::data_type::{ByteArray, FixedLenByteArray};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use triaxis_tables::LabelsWanted;

use super::*;

#[test]
fn an_array_of_objects_is_read_like_lines_of_them() {
    let folder = Folder::new();
    let rows = "{\"N\": 1000000, \"run\": {\"loss\": 3.5}, \"tags\": [1, 2]},
        {\"N\": 2000000, \"run\": {\"loss\": null}}, {\"run\": {\"loss\": 3}, \"N\": \"4M\"}";
    let path = folder.write("runs.json", format!(" [\n{rows}\n]\n"));
    assert_eq!(columns(&path).unwrap(), ["N", "run.loss", "tags"]);
    let table = read(&path, &query(&["N", "run.loss"], "run.loss > 0")).unwrap();
    assert_eq!(numbers(&table, "N"), [1e6, 4e6]);
    assert_eq!((table.found(), table.place(1)), (3, "element 3".into()));
    let packed = folder.write(
        "runs.json.zst",
        zstd::encode_all(format!("[{rows}]").as_bytes(), 1).unwrap(),
    );
    assert_eq!(
        numbers(&read(&packed, &query(&["N"], "")).unwrap(), "N"),
        [1e6, 2e6, 4e6]
    );
    let whole = std::fs::read(&packed).unwrap();
    let cut = folder.write("cut.json.zst", &whole[..whole.len() - 6]);
    assert!(fails(&cut, &query(&["N"], "")).contains("damaged or incomplete"));
}

#[test]
fn objects_over_lines_and_columns_of_values_are_read() {
    let folder = Folder::new();
    for (name, content) in [
        (
            "pretty.json",
            "{\n  \"N\": 1e6,\n  \"loss\": 3.5\n}\n{\n  \"N\": 2e6,\n  \"loss\": 3\n}\n",
        ),
        (
            "held.json",
            "{\"project\": \"p\", \"runs\": [{\"N\": 1e6, \"loss\": 3.5}, {\"N\": 2e6, \"loss\": 3}]}",
        ),
        ("list.json", "{\"N\": [1e6, 2e6], \"loss\": [3.5, 3]}"),
        (
            "pandas.json",
            "{\"N\":{\"0\":1e6,\"1\":2e6},\"loss\":{\"0\":3.5,\"1\":3}}",
        ),
        (
            "lines.jsonl",
            "{\"N\": 1e6, \"loss\": 3.5}\n{\"N\": 2e6, \"loss\": 3}",
        ),
    ] {
        let path = folder.write(name, content);
        assert_eq!(columns(&path).unwrap(), ["N", "loss"], "{name}");
        let table = read(&path, &query(&["N", "loss"], "")).unwrap();
        assert_eq!(numbers(&table, "N"), [1e6, 2e6], "{name}");
        assert_eq!(numbers(&table, "loss"), [3.5, 3.0], "{name}");
    }
    let many: Vec<String> = (0..12).map(|row| format!("\"{row}\":{}", row + 1)).collect();
    let many = many.join(",");
    let path = folder.write("many.json", format!("{{\"N\":{{{many}}},\"D\":{{{many}}}}}"));
    let table = read(&path, &query(&["N"], "")).unwrap();
    assert_eq!(numbers(&table, "N"), (1..13).map(f64::from).collect::<Vec<_>>());
    // One run is one row, whatever its parts.
    let path = folder.write(
        "one.json",
        "{\"config\": {\"N\": 1e6}, \"summary\": {\"loss\": 2}}",
    );
    assert_eq!(columns(&path).unwrap(), ["config.N", "summary.loss"]);
    for (content, says) in [
        ("{\"N\": 1,\n\"D\": NaN}\n", "line 2 is not JSON"),
        ("{\"N\": 1,\n\"D\": ", "is not JSON (EOF"),
    ] {
        let path = folder.write("bad.json", content);
        assert!(fails(&path, &query(&["N"], "")).contains(says));
    }
}

#[test]
fn text_of_two_bytes_a_sign_is_read() {
    let folder = Folder::new();
    let text = "name\tN\na\t1,000,000\nü\t2,000,000\n";
    let bytes = |units: Vec<u16>, of: fn(u16) -> [u8; 2]| units.into_iter().flat_map(of).collect::<Vec<u8>>();
    let marked: Vec<u16> = std::iter::once(0xfeff).chain(text.encode_utf16()).collect();
    for content in [
        bytes(marked.clone(), u16::to_le_bytes),
        bytes(marked, u16::to_be_bytes),
        bytes(text.encode_utf16().collect(), u16::to_le_bytes),
    ] {
        let path = folder.write("runs.txt", content);
        assert_eq!(columns(&path).unwrap(), ["name", "N"]);
        let table = read(&path, &query(&["N"], "name != 'a'")).unwrap();
        assert_eq!(numbers(&table, "N"), [2e6]);
    }
}

#[test]
fn thousands_units_and_decimal_commas_are_numbers() {
    let folder = Folder::new();
    let path = folder.write(
        "runs.csv",
        "N,D,C\n\"1,234,567\",1.4T,5 PF-days\n7B,\"2,000\",3e21\n",
    );
    let table = read(&path, &query(&["N", "D", "C"], "D >= 1000")).unwrap();
    assert_eq!(numbers(&table, "N"), [1_234_567.0, 7e9]);
    assert_eq!(numbers(&table, "D"), [1.4e12, 2000.0]);
    assert_eq!(numbers(&table, "C"), [4.32e20, 3e21]);
    let european = folder.write("runs.csv", "N;loss\n1.5e6;3,25\n1,234,567;0,125\n");
    let table = read(&european, &query(&["N", "loss"], "")).unwrap();
    assert_eq!(numbers(&table, "N"), [1.5e6, 1_234_567.0]);
    assert_eq!(numbers(&table, "loss"), [3.25, 0.125]);
    let either = folder.write("runs.csv", "N;loss\n1e6;3,254\n");
    let table = read(&either, &query(&["N", "loss"], "")).unwrap();
    let said = table.column("loss").unwrap().unwrap_err().to_string();
    assert!(
        said.contains("`loss` line 2: it is a number whose comma"),
        "{said}"
    );
}

#[test]
fn a_unit_of_a_column_counts_wherever_the_column_is_read() {
    let folder = Folder::new();
    let path = folder.write("runs.csv", "N,D\n1e6,0.5\n2e6,4\n4e6,1T\n");
    let mut query = query(&["N", "D"], "D >= 2B");
    query.units.insert("D".into(), 1e9);
    query.columns.push(Wanted {
        name: "flops".into(),
        source: Source::Product {
            factor: 6.0,
            over: vec!["N".into(), "D".into()],
            under: Vec::new(),
        },
        rule: Rule::Positive,
    });
    let table = read(&path, &query).unwrap();
    assert_eq!(numbers(&table, "D"), [4e9, 1e12]);
    assert_eq!(numbers(&table, "flops"), [6.0 * 2e6 * 4e9, 6.0 * 4e6 * 1e12]);
}

#[test]
fn values_that_are_not_there_and_texts_are_dropped_by_a_condition() {
    let folder = Folder::new();
    for cell in [
        "",
        "N/A",
        "null",
        "None",
        "-",
        "NaN",
        "oom",
        "diverged at step 7",
        "#N/A",
    ] {
        let path = folder.write("runs.csv", format!("N,loss\n1,{cell}\n3,2.5\n4,{cell}\n"));
        let table = read(&path, &query(&["loss"], "")).unwrap();
        let said = table.column("loss").unwrap().unwrap_err().to_string();
        assert!(
            said.contains("`loss` line 2") && said.contains("number above zero") | said.contains("a number"),
            "{said}"
        );
        assert_eq!(
            numbers(&read(&path, &query(&["loss"], "loss > 0")).unwrap(), "loss"),
            [2.5],
            "{cell}"
        );
    }
    // A column of texts alone is a mistake in the condition.
    let path = folder.write("runs.csv", "N,name\n1,a\n3,b\n");
    assert!(fails(&path, &query(&["N"], "name > 0 || N > 0")).contains("`a` is a text"));
    let path = folder.write(
        "runs.jsonl",
        "{\"loss\": null, \"N\": 1}\n{\"loss\": 2.5, \"N\": 1}\n",
    );
    assert_eq!(
        numbers(&read(&path, &query(&["loss"], "loss > 0")).unwrap(), "loss"),
        [2.5]
    );
}

#[test]
fn large_numbers_are_told_in_few_signs() {
    let folder = Folder::new();
    let path = folder.write("runs.csv", "N\n-1e300\n");
    let said = read(&path, &query(&["N"], ""))
        .unwrap()
        .column("N")
        .unwrap()
        .unwrap_err()
        .to_string();
    assert!(said.contains("it is -1e300,"), "{said}");
}

#[test]
fn labels_are_the_few_texts_of_a_column() {
    let folder = Folder::new();
    let mut text = "corpus,seed,run,N\n".to_owned();
    for row in 0..600 {
        text += &format!("{},{},r{row},{row}\n", ["c4", "dclm", ""][row % 3], row % 2);
    }
    let path = folder.write("runs.csv", text);
    let mut query = query(&["N"], "N >= 300");
    query.columns[0].rule = Rule::Finite;
    let labels = |column: &str, numbers| LabelsWanted {
        column: column.into(),
        numbers,
        most: 256,
    };
    query.labels = vec![
        labels("corpus", false),
        labels("seed", false),
        labels("run", false),
    ];
    let mut table = read(&path, &query).unwrap();
    assert_eq!(table.labels("corpus").unwrap().values(), ["c4", "dclm", ""]);
    assert!(
        table.labels("seed").is_none(),
        "numbers are no labels unless asked for"
    );
    assert!(table.labels("run").is_none(), "names of rows are no labels");
    let keep: Vec<bool> = (0..300).map(|row| row < 4).collect();
    table.retain(&keep);
    assert_eq!(table.labels("corpus").unwrap().rows(), [0, 1, 2, 0]);
    query.labels = vec![labels("seed", true)];
    assert_eq!(
        read(&path, &query).unwrap().labels("seed").unwrap().values(),
        ["0", "1"]
    );
}

#[test]
fn halves_and_decimals_of_parquet_are_numbers() {
    let folder = Folder::new();
    let path = folder.0.path().join("runs.parquet");
    let schema = "message runs { required fixed_len_byte_array(2) loss (FLOAT16);
        optional fixed_len_byte_array(16) N (DECIMAL(38, 2)); required binary D (DECIMAL(38, 0));
        required int64 C (DECIMAL(18, 3)); }";
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let properties = Arc::new(WriterProperties::builder().build());
    let mut writer = SerializedFileWriter::new(File::create(&path).unwrap(), schema, properties).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut fixed = [
        vec![
            0x4248_u16.to_le_bytes().to_vec(),
            0x4200_u16.to_le_bytes().to_vec(),
        ],
        vec![123_456_789_i128.to_be_bytes().to_vec()],
    ]
    .into_iter();
    while let Some(mut column) = group.next_column().unwrap() {
        match column.untyped() {
            ColumnWriter::FixedLenByteArrayColumnWriter(writer) => {
                let values: Vec<FixedLenByteArray> =
                    fixed.next().unwrap().into_iter().map(Into::into).collect();
                let levels: &[i16] = if values.len() == 1 { &[1, 0] } else { &[1, 1] };
                writer.write_batch(&values, Some(levels), None).unwrap();
            }
            ColumnWriter::ByteArrayColumnWriter(writer) => {
                let values = [vec![0x02, 0x54, 0x0b, 0xe4, 0x00], vec![0x00, 0xff]].map(ByteArray::from);
                writer.write_batch(&values, None, None).unwrap();
            }
            ColumnWriter::Int64ColumnWriter(writer) => {
                writer.write_batch(&[1500, 2000], None, None).unwrap();
            }
            _ => panic!("no such column in the schema"),
        }
        column.close().unwrap();
    }
    group.close().unwrap();
    writer.close().unwrap();
    let table = read(&path, &query(&["loss", "D", "C"], "")).unwrap();
    assert_eq!(numbers(&table, "loss"), [3.140_625, 3.0]);
    assert_eq!(numbers(&table, "D"), [1e10, 255.0]);
    assert_eq!(numbers(&table, "C"), [1.5, 2.0]);
    let table = read(&path, &query(&["N"], "N > 0")).unwrap();
    assert_eq!(numbers(&table, "N"), [1_234_567.89]);
}

/// What a pipe gives is there once only, and a table is read more than once.
#[cfg(unix)]
#[test]
fn a_pipe_is_read_as_a_file_is() {
    let folder = Folder::new();
    let pipe = folder.0.path().join("pipe");
    assert!(
        std::process::Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let writer = {
        let pipe = pipe.clone();
        std::thread::spawn(move || std::fs::write(pipe, "N,loss\n1,2\n3,4\n"))
    };
    let file = TableFile::open(&pipe).unwrap();
    writer.join().unwrap().unwrap();
    assert_eq!(file.columns().unwrap(), ["N", "loss"]);
    for _ in 0..2 {
        assert_eq!(
            numbers(&file.read(&query(&["loss"], "")).unwrap(), "loss"),
            [2.0, 4.0]
        );
    }
}
