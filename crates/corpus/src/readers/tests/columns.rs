//! Columns of Parquet files.

use ::parquet::data_type::{ByteArray, ByteArrayType};
use ::parquet::file::metadata::{ParquetMetaDataWriter, RowGroupMetaData};
use ::parquet::file::properties::WriterProperties;
use ::parquet::file::reader::{FileReader, SerializedFileReader};
use ::parquet::file::writer::SerializedFileWriter;
use ::parquet::schema::parser::parse_message_type;

use super::*;

/// A Parquet file of one optional text column, `rows` to a row group.
pub(super) fn parquet(texts: &[Option<&str>], rows: usize, compression: Compression) -> Vec<u8> {
    let schema =
        Arc::new(parse_message_type("message m { optional binary text (UTF8); required int32 n; }").unwrap());
    let properties = Arc::new(WriterProperties::builder().set_compression(compression).build());
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, properties).unwrap();
    for texts in texts.chunks(rows) {
        let levels: Vec<i16> = texts.iter().map(|text| i16::from(text.is_some())).collect();
        let values: Vec<ByteArray> = texts
            .iter()
            .flatten()
            .map(|text| ByteArray::from(*text))
            .collect();
        let mut group = writer.next_row_group().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        column
            .typed::<ByteArrayType>()
            .write_batch(&values, Some(&levels), None)
            .unwrap();
        column.close().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        let numbers = vec![7; texts.len()];
        column
            .typed::<::parquet::data_type::Int32Type>()
            .write_batch(&numbers, None, None)
            .unwrap();
        column.close().unwrap();
        group.close().unwrap();
    }
    writer.into_inner().unwrap()
}

#[test]
fn a_parquet_column_is_read_over_row_groups() {
    let texts: Vec<String> = (0..1000).map(|n| format!("text {n}")).collect();
    let texts: Vec<Option<&str>> = texts
        .iter()
        .enumerate()
        .map(|(n, text)| (n % 3 > 0).then_some(text.as_str()))
        .collect();
    let expected: Vec<&str> = texts.iter().map(|text| text.unwrap_or("NoText")).collect();
    let nulls = left_out(&source("parquet", ""), &parquet(&texts, 300, Compression::SNAPPY));
    let said = |row: usize| (Reason::NoText, 1, format!(", row {row} is null"));
    assert_eq!(nulls, (0..334).map(|n| said(3 * n + 1)).collect::<Vec<_>>());
    for compression in [
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::ZSTD(Default::default()),
        Compression::GZIP(Default::default()),
        Compression::LZ4_RAW,
    ] {
        let bytes = parquet(&texts, 300, compression);
        assert_eq!(
            read(&source("parquet", ""), &bytes).unwrap(),
            expected,
            "{compression:?}"
        );
    }
}

#[test]
fn a_parquet_file_without_the_column_or_the_end_is_an_error() {
    let bytes = parquet(&[Some("a"), None], 10, Compression::SNAPPY);
    for field in ["body", "n"] {
        let error = read(&source("parquet", &format!("field = '{field}'")), &bytes).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("no column with one text a row: set `field` to one that is; the file has `text` (text), `n` (numbers)"),
            "{error}"
        );
    }
    for cut in [0, 3, 4, bytes.len() / 2, bytes.len() - 1] {
        let error = read(&source("parquet", ""), &bytes[..cut]).unwrap_err();
        assert!(
            error.to_string().contains("is damaged or cut off"),
            "cut at {cut}: {error}"
        );
    }
}

/// The same file with another codec in its metadata, as other writers would make it.
fn with_codec(bytes: &[u8], codec: Compression) -> Vec<u8> {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    let reader = SerializedFileReader::new(file).unwrap();
    let metadata = reader.metadata().clone();
    let recoded = |group: &RowGroupMetaData| {
        let columns = group.columns().iter();
        let columns = columns.map(|column| {
            column
                .clone()
                .into_builder()
                .set_compression(codec)
                .build()
                .unwrap()
        });
        group
            .clone()
            .into_builder()
            .set_column_metadata(columns.collect())
            .build()
            .unwrap()
    };
    let groups = metadata.row_groups().iter().map(recoded).collect();
    let metadata = metadata.into_builder().set_row_groups(groups).build();
    let footer = u32::from_le_bytes(bytes[bytes.len() - 8..][..4].try_into().unwrap()) as usize;
    let mut recoded = bytes[..bytes.len() - 8 - footer].to_vec();
    ParquetMetaDataWriter::new(&mut recoded, &metadata)
        .finish()
        .unwrap();
    recoded
}

#[test]
fn a_codec_that_is_not_read_is_named() {
    let bytes = parquet(&[Some("a"), None], 10, Compression::UNCOMPRESSED);
    assert_eq!(
        read(
            &source("parquet", ""),
            &with_codec(&bytes, Compression::UNCOMPRESSED)
        )
        .unwrap()
        .len(),
        2
    );
    let error = read(
        &source("parquet", ""),
        &with_codec(&bytes, Compression::BROTLI(Default::default())),
    );
    let error = error.unwrap_err().to_string();
    assert!(
        error.contains("compressed with brotli, which is not read") && !error.contains("damaged"),
        "{error}"
    );
}

#[test]
fn a_column_of_lists_is_named_as_such() {
    let schema = "message m { required group text (LIST) { repeated group list { required binary element (UTF8); } } }";
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Default::default()).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    let texts = ["a", "b"].map(ByteArray::from);
    column
        .typed::<ByteArrayType>()
        .write_batch(&texts, Some(&[1, 1]), Some(&[0, 1]))
        .unwrap();
    column.close().unwrap();
    group.close().unwrap();
    let error = read(&source("parquet", ""), &writer.into_inner().unwrap())
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("`text` is no column with one text a row"),
        "{error}"
    );
    assert!(
        error.contains("the file has `text.list.element` (lists of texts)"),
        "{error}"
    );
}

#[test]
fn rows_that_do_not_decode_are_counted_and_the_others_are_read() {
    let texts: Vec<String> = (0..60)
        .map(|n| format!("text number {n} of some length"))
        .collect();
    let texts: Vec<Option<&str>> = texts.iter().map(|text| Some(text.as_str())).collect();
    let mut bytes = parquet(&texts, 20, Compression::SNAPPY);
    let group = bytes.len() / 3;
    bytes[group / 2..group / 2 + 40].fill(0xff);
    let pieces = pieces(&source("parquet", ""), &bytes, true).unwrap();
    let lost: Vec<_> = pieces.iter().filter_map(|piece| piece.as_ref().err()).collect();
    let [(Reason::Damaged, documents, said)] = lost[..] else {
        unreachable!("{lost:?}");
    };
    assert!(said.starts_with(", row "), "{said}");
    assert_eq!(*documents as usize + pieces.len() - 1, 60, "{said}");
    assert_eq!(pieces.last().unwrap().as_ref().unwrap(), texts[59].unwrap());
}

#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_fails_under_the_decoder_leaves_no_rows_out() {
    use std::path::Path;

    use ::parquet::errors::ParquetError;
    use triaxis_host::Kind;

    let step =
        |error: ParquetError| crate::readers::parquet::guard(Path::new("a.parquet"), || Err::<(), _>(error));
    let told = step(ParquetError::General("a broken page".to_owned())).unwrap();
    assert!(told.unwrap_err().contains("a broken page"));
    let error = step(std::io::Error::from_raw_os_error(5).into()).unwrap_err();
    assert_eq!(error.kind(), Kind::Machine, "{error}");
}
