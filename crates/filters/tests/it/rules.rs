//! Rules one by one, what settings are refused, and presets.

use triaxis_filters::{
    C4BadWords, C4Quality, Chain, Desk, Dialect, Facts, FilterSpec, GopherQuality, GopherRepetition, PRESETS,
    PersonalData, Verdict, preset,
};

fn read(spec: &str) -> FilterSpec {
    toml::from_str(spec).unwrap()
}

fn refused(spec: &str) -> String {
    read(spec).prepare().unwrap_err().to_string()
}

/// The value that a filter measures of a text.
fn value(spec: FilterSpec, text: &str, name: &str) -> f64 {
    let chain = Chain::new(&[spec]).unwrap();
    let mut found = None;
    chain.measure(text, &Facts::default(), &mut Desk::new(), |_, _, room| {
        found = room
            .checks()
            .iter()
            .find(|check| check.name == name)
            .map(|check| check.value);
    });
    found.unwrap()
}

fn edited(spec: FilterSpec, text: &str) -> String {
    let chain = Chain::new(&[spec]).unwrap();
    let mut desk = Desk::new();
    chain.judge(text, &Facts::default(), &mut desk).text.to_owned()
}

#[test]
fn settings_out_of_range_are_refused_with_their_names() {
    assert_eq!(
        refused("filter = 'gopher-repetition'\ntop_2_gram = 20.0"),
        "gopher-repetition.top_2_gram = 20: a share is from 0 to 1; write 0.3 for 30%"
    );
    assert_eq!(
        refused("filter = 'gopher-quality'\nleast_words = 9\nmost_words = 5"),
        "gopher-quality.least_words = 9: is above most_words = 5, so that every document would go; lower it"
    );
    assert_eq!(
        refused("filter = 'gopher-quality'\nsymbols = -0.1"),
        "gopher-quality.symbols = -0.1: must be finite and not negative"
    );
    assert_eq!(
        refused("filter = 'gopher-quality'\nleast_stop_words = 9"),
        "gopher-quality.least_stop_words = 9: there are 8 stop words, each counts once, and every document would go; \
         lower it"
    );
    assert!(refused("filter = 'fineweb-quality'\nshort_lines = nan").contains("fineweb-quality.short_lines"));
    assert!(refused("filter = 'c4-quality'\nlongest_word = 0").contains("1000 is usual"));
    assert!(refused("filter = 'c4-bad-words'\nwords = ['a', ' ']").contains("remove it from the list"));
    assert!(refused("filter = 'personal-data'\nip_replacements = []").contains("give at least one"));
}

#[test]
fn unknown_settings_and_filters_are_refused() {
    for spec in [
        "filter = 'gopher-quality'\nmin_words = 5",
        "filter = 'c4-paragraphs'\nlines = 5",
        "filter = 'gopher'",
        "filter = 'gopher-quality'\ndialect = 'nemo'",
    ] {
        assert!(toml::from_str::<FilterSpec>(spec).is_err(), "{spec}");
    }
}

#[test]
fn presets_can_be_written_out_and_read() {
    for known in PRESETS {
        let specs = preset(known.name).unwrap();
        let chain = Chain::new(&specs).unwrap();
        assert_eq!(chain.filters().len(), specs.len());
        for spec in specs {
            let written = toml::to_string(&spec).unwrap();
            assert_eq!(read(&written), spec, "{written}");
        }
    }
    let error = preset("finweb").unwrap_err().to_string();
    assert_eq!(
        error,
        "preset = finweb: is not known; did you mean `fineweb`?; there are fineweb, gopher, c4, dclm, code"
    );
}

#[test]
fn every_filter_has_a_name_of_its_own_and_says_what_it_is() {
    let mut names: Vec<&str> = FilterSpec::REGISTRY.iter().map(|entry| entry.name).collect();
    assert!(FilterSpec::REGISTRY.iter().all(|entry| entry.about.len() > 20));
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), FilterSpec::REGISTRY.len());
}

#[test]
fn dialects_count_repeated_lines_each_in_its_way() {
    let of = |dialect, name: &str| {
        let spec = FilterSpec::GopherRepetition(GopherRepetition {
            dialect,
            ..GopherRepetition::default()
        });
        value(spec, "one two\n\n\none two\n\nlast line", name)
    };
    // Of lines "one two", "one two" and "last line"; dolma's first tagger has three blank ones, too.
    assert_eq!(of(Dialect::Datatrove, "duplicate_lines"), 1.0 / 3.0);
    assert_eq!(of(Dialect::Dclm, "duplicate_lines"), 2.0 / 3.0);
    assert_eq!(of(Dialect::Dolma, "duplicate_lines"), 2.0 / 3.0);
    assert_eq!(of(Dialect::DolmaV1, "duplicate_lines"), 5.0 / 6.0);
    // Characters of all text, of lines, of words.
    assert_eq!(of(Dialect::Datatrove, "duplicate_line_characters"), 7.0 / 28.0);
    assert_eq!(of(Dialect::Dclm, "duplicate_line_characters"), 14.0 / 23.0);
    assert_eq!(of(Dialect::Dolma, "duplicate_line_characters"), 14.0 / 20.0);
    // "one two" comes twice, with the space between its words for datatrove alone.
    assert_eq!(of(Dialect::Datatrove, "top_2_gram"), 14.0 / 28.0);
    assert_eq!(of(Dialect::Dclm, "top_2_gram"), 12.0 / 20.0);
    assert_eq!(of(Dialect::Dolma, "top_2_gram"), 12.0 / 20.0);
}

#[test]
fn dialects_count_repeated_runs_each_in_its_way() {
    let of = |dialect| {
        let spec = FilterSpec::GopherRepetition(GopherRepetition {
            dialect,
            ..GopherRepetition::default()
        });
        value(spec, "a b c d e f a b c d e f g", "duplicate_5_grams")
    };
    // The walk meets "a b c d e" again and steps over it; runs of five come twice at four places of nine; all words
    // but the last are in one of these.
    assert_eq!(of(Dialect::Datatrove), 5.0 / 25.0);
    assert_eq!(of(Dialect::Dolma), 4.0 / 9.0);
    assert_eq!(of(Dialect::Dclm), 12.0 / 13.0);
}

#[test]
fn dialects_count_words_each_in_its_way() {
    let of = |dialect, name: &str| {
        let spec = FilterSpec::GopherQuality(GopherQuality {
            dialect,
            ..GopherQuality::default()
        });
        value(spec, "The the, the of. . . #1 of-course…", name)
    };
    assert_eq!(of(Dialect::Datatrove, "stop_words"), 2.0);
    assert_eq!(of(Dialect::Dolma, "stop_words"), 1.0);
    assert_eq!(of(Dialect::Dclm, "stop_words"), 2.0);
    // Lengths 3, 4, 3, 3, 1, 1, 2, 10.
    assert_eq!(of(Dialect::Dolma, "least_word_length"), 3.0);
    assert_eq!(of(Dialect::Dclm, "least_word_length"), 27.0 / 8.0);
    assert_eq!(of(Dialect::Dolma, "symbols"), 2.0 / 8.0);
    assert_eq!(of(Dialect::Dclm, "symbols"), 3.0 / 8.0);
}

#[test]
fn lines_that_are_no_sentences_go() {
    let text = "A first sentence. And [12]more.\nMenu\nAccept our use of COOKIES now.\n  It is cited[edit].\nNo end here\n\
                Enable JavaScript to go on.\nTo be continued...\nOne more. And \"another.\"";
    let spec = FilterSpec::C4Quality(C4Quality::default());
    assert_eq!(
        edited(spec.clone(), text),
        "A first sentence. And more.\nIt is cited.\nOne more. And \"another.\""
    );
    assert_eq!(value(spec.clone(), text, "sentences"), 5.0);
    let page = format!("{text}\nHere is {{ code }}.");
    assert_eq!(value(spec, &page, "curly_bracket"), 1.0);
}

#[test]
fn addresses_are_replaced() {
    let spec = FilterSpec::PersonalData(PersonalData::default());
    let text = "Mail <jane.doe+x@mail.example.co.uk>, or 'bob@site.org'. Not @home, a@b, x..y@z or 10.0.0.1; ping \
                8.8.8.8 and 1.2.3.4.5.";
    assert_eq!(
        edited(spec, text),
        "Mail <email@example.com>, or 'firstname.lastname@example.org. Not @home, a@b, x..y@z or 10.0.0.1; ping \
         22.214.171.124 and 126.96.36.199.5."
            .replace("example.org.", "example.org'.")
    );
}

#[test]
fn bad_words_count_by_themselves() {
    let bad = |inside_words| {
        FilterSpec::C4BadWords(C4BadWords {
            words: vec!["Sun".to_owned(), "moon light".to_owned()],
            inside_words,
        })
    };
    let text = "SUN, sunny; moon light! moon_light";
    assert_eq!(value(bad(false), text, "bad_words"), 2.0);
    assert_eq!(value(bad(true), text, "bad_words"), 3.0);
}

/// What a filter of these settings first breaks of a document.
fn broken(spec: &str, text: &str, facts: &Facts<'_>) -> Option<&'static str> {
    let chain = Chain::new(&[read(spec)]).unwrap();
    match chain.judge(text, facts, &mut Desk::new()).verdict {
        Verdict::Drop(check) => Some(check.name),
        Verdict::Keep | Verdict::Edit => None,
    }
}

#[test]
fn urls_are_held_to_lists() {
    let spec = "filter = 'urls'\ndomains = ['Bad.org']\nurls = ['http://a.b/c']\nwords = ['casino']\n\
                soft_words = ['win', 'cash']\nparts = ['free-money']";
    let of = |url| {
        let facts = Facts {
            url: Some(url),
            ..Facts::default()
        };
        broken(spec, "text", &facts)
    };
    assert_eq!(of("https://user@bad.org:80/x"), Some("domain"));
    assert_eq!(of("http://deep.below.BAD.org./"), Some("domain"));
    assert_eq!(of("http://notbad.org/bad.org"), None);
    assert_eq!(of("http://a.b/c"), Some("url"));
    assert_eq!(of("http://x.y/casino-night"), Some("words"));
    assert_eq!(of("http://x.y/casinos?win=1"), None);
    assert_eq!(of("http://x.y/win/cash"), Some("soft_words"));
    assert_eq!(of("http://x.y/get_Free_Money_now"), Some("parts"));
    assert_eq!(broken(spec, "text", &Facts::default()), None);
    assert!(refused("filter = 'urls'\nparts = ['--']").contains("remove it"));
    assert!(refused("filter = 'urls'\ntoo_many_soft_words = 0").contains("2 is usual"));
}

#[test]
fn licences_are_read_as_expressions() {
    let of = |licence| {
        let facts = Facts {
            licence,
            ..Facts::default()
        };
        broken("filter = 'licences'", "text", &facts)
    };
    for accepted in [
        "MIT",
        "mit",
        "GPL-3.0 OR MIT",
        "MIT/Apache-2.0",
        "(MIT OR GPL-2.0) AND BSD-3-Clause",
        "Apache-2.0 WITH LLVM-exception",
    ] {
        assert_eq!(of(Some(accepted)), None, "{accepted}");
    }
    for other in ["GPL-3.0", "MIT AND GPL-3.0", "(MIT AND GPL-2.0) OR AGPL-3.0"] {
        assert_eq!(of(Some(other)), Some("licence_accepted"), "{other}");
    }
    let deep = format!("{}MIT", "(".repeat(100_000));
    for unreadable in [
        "MIT OR",
        "(MIT",
        "MIT) Apache-2.0",
        "OR",
        "MIT MIT",
        deep.as_str(),
    ] {
        assert_eq!(of(Some(unreadable)), Some("licence_read"), "{unreadable}");
    }
    assert_eq!(of(None), Some("licence_stated"));
    assert_eq!(of(Some(" ")), Some("licence_stated"));
    assert!(refused("filter = 'licences'\naccept = []").contains("no document would stay"));
}

#[test]
fn code_is_held_to_its_lines() {
    let spec = "filter = 'code-quality'\nextensions = ['.rs']\nlongest_line = 50\nmean_line_length = 20.0";
    let of = |text: &str, path| {
        let facts = Facts {
            path,
            ..Facts::default()
        };
        broken(spec, text, &facts)
    };
    let path = Some("src/main.rs");
    assert_eq!(of("fn main() {}\n", path), None);
    assert_eq!(of("fn main() {}\n", Some("main.js")), Some("extension"));
    assert_eq!(of("fn main() {}\n", None), Some("extension"));
    assert_eq!(of("", path), Some("characters"));
    assert_eq!(of(&"x".repeat(51), path), Some("longest_line"));
    assert_eq!(of(&"x".repeat(21), path), Some("mean_line_length"));
    assert_eq!(of("{}(); ();\na\n", path), Some("alphanumeric_characters"));
}

#[test]
fn what_is_examined_is_not_learnt() {
    let spec =
        "filter = 'decontamination'\nsize = 5\ntexts = ['What is the capital of France? Paris.', 'short']";
    let of = |text| broken(spec, text, &Facts::default());
    assert_eq!(of("... is, the CAPITAL -- of\nFrançe ..."), Some("shared_runs"));
    assert_eq!(of("the capital of France is Paris"), None);
    assert_eq!(of("short"), None);
    let shared = value(read(spec), "what is the capital of france paris", "shared_runs");
    assert_eq!(shared, 3.0);
    assert_eq!(
        refused("filter = 'decontamination'\ntexts = ['too short']"),
        "decontamination.texts = 1 texts: none has 12 words, so that nothing would be found; give longer texts or \
         lower `size`"
    );
    assert!(refused("filter = 'decontamination'\ntexts = []\nsize = 0").contains("8 to 13"));
}

#[test]
fn a_chain_says_who_dropped_a_document_and_goes_on_with_what_was_edited() {
    let specs = [
        "filter = 'c4-quality'\nleast_sentences = 1",
        "filter = 'c4-paragraphs'\nleast_length = 20",
    ]
    .map(read);
    let chain = Chain::new(&specs).unwrap();
    let mut desk = Desk::new();
    let long = "This line is a sentence.";
    let text = [long, "no sentence but long enough", long, long].join("\n");
    let judged = chain.judge(&text, &Facts::default(), &mut desk);
    assert_eq!((judged.verdict, judged.by), (Verdict::Edit, None));
    assert_eq!(judged.text, [long, long, long].join("\n"));
    let text = [long, "no sentence but long enough", long].join("\n");
    let judged = chain.judge(&text, &Facts::default(), &mut desk);
    assert_eq!(judged.by, Some(1));
    assert_eq!(judged.text, [long, long].join("\n"));
}
