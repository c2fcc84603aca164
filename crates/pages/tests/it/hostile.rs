//! Pages that are made to break their readers.

use proptest::prelude::*;
use triaxis_pages::{DEEPEST, ExtractorSpec, LARGEST, MOST_ATTRIBUTES, MOST_NODES, Refused};

fn extractors() -> Vec<ExtractorSpec> {
    let read = |name| toml::from_str(&format!("extractor = '{name}'")).unwrap();
    ExtractorSpec::REGISTRY
        .iter()
        .map(|entry| read(entry.name))
        .collect()
}

fn refused(html: &str) -> Refused {
    let all = extractors();
    let mut refused = all.iter().map(|extractor| extractor.text(html).unwrap_err());
    let first = refused.next().unwrap();
    assert!(refused.all(|other| other == first));
    first
}

#[test]
fn what_is_beyond_the_limits_is_refused_and_what_is_at_them_is_read() {
    let prose = "A sentence of the main text, which is long enough to be one. ".repeat(10);
    for (open, close) in [
        ("<div>", "</div>"),
        ("<b>", "</b>"),
        ("<blockquote>", "</blockquote>"),
        ("<ul><li>", ""),
    ] {
        let nested = |depth: usize| format!("{}<p>{prose}</p>{}", open.repeat(depth), close.repeat(depth));
        let elements = open.matches('<').count();
        for extractor in extractors() {
            extractor.text(&nested(DEEPEST / elements - 6)).unwrap();
        }
        assert_eq!(refused(&nested(DEEPEST)), Refused::TooDeep);
        assert_eq!(refused(&nested(30_000)), Refused::TooDeep);
    }
    assert_eq!(refused(&"<p>a".repeat(MOST_NODES)), Refused::TooManyNodes);
    let large = "<".repeat(LARGEST.0 as usize + 1);
    assert_eq!(refused(&large), Refused::TooLarge);
    let told = refused(&large).to_string();
    assert!(told.contains("more than 1MiB"), "{told}");
}

#[test]
fn pages_that_grow_or_compare_without_end_are_stopped() {
    // Formatting that nothing ends is opened again in every paragraph.
    let unended: String = (0..DEEPEST / 2)
        .map(|size| format!("<font size={size}>"))
        .collect();
    let reopened = format!("{unended}{}", "<p>a".repeat(200_000));
    assert_eq!(refused(&reopened), Refused::TooManyNodes);
    let attributes: String = (0..50_000).map(|number| format!("a{number}=\">\" ")).collect();
    assert_eq!(
        refused(&format!("<div {attributes}>")),
        Refused::TooManyAttributes
    );
}

#[test]
fn many_attributes_are_seen_behind_anything_and_many_words_are_not_taken_for_them() {
    let names = |count: usize| (0..count).map(|number| format!(" a{number}")).collect::<String>();
    let prose = "A sentence of the main text, which is long enough to be one. ".repeat(10);
    for before in [
        "",
        "words ",
        "<!-- <b x='-->",
        "<!-- <b -->",
        "<p title='<b'>",
        "<script>if (a<b '</script>",
        "<textarea><b </textarea>",
        "<? <b x='>",
    ] {
        for tag in ["<a", "</a", "<a/", "<a b=c", "<a b='>'", "<a b = \">\""] {
            for end in [">", "/>", ""] {
                let page = format!("{before}{tag}{}{end}<p>{prose}</p>", names(5000));
                assert_eq!(refused(&page), Refused::TooManyAttributes, "{before}{tag}");
            }
        }
    }
    // A piece may end anywhere before the tag.
    for before in 1015..1035 {
        let page = format!("{}<a{}>", "w".repeat(before), names(5000));
        assert_eq!(refused(&page), Refused::TooManyAttributes, "{before}");
    }
    for words in [
        format!("<script>for (i = 0; i<n {}) {{}}</script>", names(5000)),
        format!("<!-- a<b {} -->", "<!-- ".repeat(200)) + &format!("<!-- {} -->", names(5000)),
        format!("<div data-all='{}'>", names(50_000)),
        format!("<p>a <b {}", "x".repeat(5000)),
        format!("<style>a{{}} {}</style>", names(5000)),
    ] {
        for extractor in extractors() {
            let told = extractor.text(&format!("{words}<p>{prose}</p>"));
            assert!(told.is_ok(), "{}: {told:?}", &words[..40]);
        }
    }
    for (count, is_read) in [(MOST_ATTRIBUTES, true), (MOST_ATTRIBUTES + 1, false)] {
        let page = format!("<p>{prose}</p><a{}>", names(count));
        assert_eq!(extractors()[0].text(&page).is_ok(), is_read);
    }
}

#[test]
fn depth_is_seen_behind_what_ends_the_body() {
    let piece = format!("{}</body><!---->", "<div>".repeat(202));
    assert_eq!(piece.len(), 1 << 10);
    assert_eq!(refused(&piece.repeat(600)), Refused::TooDeep);
}

#[test]
fn marks_that_nothing_ends_are_read() {
    for mark in [
        "<",
        "&",
        "<!--",
        "<a ",
        "<a b=\"",
        "</p>",
        "<script>",
        "&amp;&#60;",
        "words without any mark ",
    ] {
        for extractor in extractors() {
            let told = extractor.text(&mark.repeat(2000));
            assert!(
                matches!(told, Ok(_) | Err(Refused::TooManyAttributes)),
                "{mark}: {told:?}"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn any_page_has_a_text_or_none_and_the_same_again(pieces in prop::collection::vec(prop_oneof![
        prop::sample::select(vec![
            "<p>", "</p>", "<div class=post>", "</div>", "<table>", "<tr>", "<td>", "<ul>", "<li>", "<pre>", "<b>", "</b>",
            "<a href='x'>", "</a>", "<!--", "-->", "<script>", "</script>", "<svg>", "<math>", "<template>", "</template>",
            "<html>", "<body>", "<frameset>", "<select>", "<option>", "<article>", "<h1>", "<br>", "<title>",
            "<script type='application/ld+json'>{\"articleBody\": \"words\"}</script>",
        ]).prop_map(str::to_owned),
        Just("Some words of a sentence that goes on for a while, as they do. ".repeat(5)),
        any::<String>(),
    ], 0..60)) {
        let page = pieces.concat();
        for extractor in extractors() {
            let text = extractor.text(&page).unwrap();
            prop_assert!(text.lines().all(|line| !line.is_empty() && line.trim() == line));
            prop_assert_eq!(extractor.text(&page).unwrap(), text);
        }
    }
}
