//! Files that are no models: refused by line and reason, in bounded memory.

use std::io::{BufReader, Read};

use proptest::prelude::*;
use triaxis_ngrams::{Arpa, Model};

const WHOLE: &str = "# a comment\n\\data\\\nngram 1=4\nngram 2=3\nngram 3=1\n\n\\1-grams:\n-2\t<unk>\t0\n0\t<s>\t-0.5\n\
                     -0.7\t</s>\t0\n-0.4\ta\t-0.3\n\n\\2-grams:\n-0.1\t<s> a\t-0.2\n-0.3\ta a\t0\n-0.2\ta </s>\n\n\
                     \\3-grams:\n-0.05\t<s> a a\n\n\\end\\\n";

fn model(text: &[u8]) -> Result<Model, String> {
    let arpa = Arpa::new("model", Box::new(text)).map_err(|error| error.to_string())?;
    Model::read(arpa).map_err(|error| error.to_string())
}

#[test]
fn what_is_wrong_is_told_by_its_line() {
    let whole = model(WHOLE.as_bytes()).unwrap();
    assert_eq!(whole.counts(), [4, 3, 1]);
    for (from, to, said) in [
        ("\\data\\", "data", "model:2: `data` is no `\\data\\`"),
        (
            "ngram 1=4",
            "ngram 1=five",
            "model:3: `ngram 1=five` is no `ngram 1=COUNT`",
        ),
        (
            "ngram 2=3",
            "ngram 3=3",
            "model:4: `ngram 3=3` is no `ngram 2=COUNT`",
        ),
        (
            "ngram 1=4",
            "ngram 1=5",
            "model:12: `` is no n-gram between tabs, and the file says that it has 5 1-grams, of which 4 were read",
        ),
        (
            "ngram 1=4",
            "ngram 1=3",
            "model:11: `-0.4\\ta\\t-0.3` stands where `\\2-grams:` must",
        ),
        (
            "ngram 1=4",
            "ngram 1=99999999999999999999",
            "is no `ngram 1=COUNT`",
        ),
        ("ngram 1=4", "ngram 1=9999999999999999", "of which 4 were read"),
        (
            "ngram 3=1\n",
            "ngram 3=1\nngram 4=0\nngram 5=0\nngram 6=0\nngram 7=0\n",
            "model:9: n-grams of 7 words, and 6 at most are read",
        ),
        (
            "\\2-grams:",
            "\\3-grams:",
            "model:13: `\\3-grams:` stands where `\\2-grams:` must",
        ),
        ("-0.3\ta a", "nan\ta a", "`nan` is no logarithm of a probability"),
        ("-0.3\ta a", "inf\ta a", "`inf` is no logarithm of a probability"),
        ("-0.3\ta a", "0.3\ta a", "`0.3` is no logarithm of a probability"),
        ("a a\t0", "a a\tx", "`x` is no logarithm"),
        ("a a\t0", "a a\t0\t0", "is no n-gram between tabs"),
        (
            "<s> a a",
            "<s> a a\t-1",
            "`-1` is left by one of the longest n-grams",
        ),
        (
            "-0.3\ta a",
            "-0.3\ta  a",
            "are 2 words between single spaces, not 2",
        ),
        (
            "-0.3\ta a",
            "-0.3\ta a a",
            "are 3 words between single spaces, not 2",
        ),
        ("-0.3\ta a", "-0.3\t<s> a", "model:15: `<s> a` stands here again"),
        (
            "-0.3\ta a",
            "-0.3\ta b",
            "model:15: `a b` has a word that is no 1-gram",
        ),
        (
            "-0.05\t<s> a a",
            "-0.05\t<s> </s> a",
            "the first 2 words of `<s> </s> a` are no 2-gram",
        ),
        ("0\t<s>\t-0.5", "0\t<x>\t-0.5", "the model has no `<s>`"),
        ("\\end\\", "", "the file ends before `\\end\\`"),
        ("-2\t<unk>", "-2\t<u\0k>", ""),
    ] {
        let text = WHOLE.replacen(from, to, 1);
        assert_ne!(text, WHOLE, "{from}");
        let error = model(text.as_bytes()).map(drop);
        match (error, said) {
            (Ok(()), "") => {}
            (error, said) => {
                let error = error.unwrap_err();
                assert!(error.contains(said), "{to}: {error}");
            }
        }
    }
    assert!(
        model(b"\xff\xfe\n")
            .unwrap_err()
            .contains("model:1: a line that is no UTF-8")
    );
    assert!(model(b"").unwrap_err().contains("ends before `\\data\\`"));
}

#[test]
fn a_line_of_a_gigabyte_is_not_held() {
    let beginning = &b"\\data\\\nngram 1=3\nngram 2=1\n\n\\1-grams:\n-1\t"[..];
    let line = std::io::repeat(b'x').take(1 << 30);
    let input = BufReader::new(beginning.chain(line));
    let error = Model::read(Arpa::new("model", Box::new(input)).unwrap()).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("model:6: a line of more than 65536 bytes"),
        "{error}"
    );
}

#[test]
fn a_file_that_is_cut_off_or_no_gzip_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let whole = std::fs::read(crate::golden("trigrams.arpa.gz")).unwrap();
    for (name, bytes) in [("cut.gz", &whole[..whole.len() / 2]), ("short.gz", &whole[..4])] {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let error = Model::open(&path).map(drop).unwrap_err().to_string();
        assert!(error.contains(name), "{error}");
    }
    let error = Model::open(&folder.path().join("missing")).map(drop).unwrap_err();
    assert!(error.to_string().contains("correct the path"), "{error}");
}

proptest! {
    #[test]
    fn any_change_of_a_file_is_read_or_refused(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3u8), 1..6),
    ) {
        let mut bytes = WHOLE.as_bytes().to_vec();
        for (place, byte, kind) in changes {
            let place = place.index(bytes.len());
            match kind {
                0 => bytes[place] = byte,
                1 => bytes.insert(place, byte),
                _ => { bytes.remove(place); }
            }
        }
        match model(&bytes) {
            Err(error) => prop_assert!(error.contains("model"), "{}", error),
            Ok(model) => {
                let score = model.sentence(["a", "a", "b"].into_iter());
                prop_assert!(!score.log10.is_nan());
                prop_assert_eq!(score.tokens, 4);
            }
        }
    }
}
