//! Chat templates against the field's own engine of them, and hostile ones.

use serde::Deserialize;
use triaxis_tokens::{ChatTemplate, Message};

#[derive(Deserialize)]
struct Case {
    template: String,
    messages: Vec<Message>,
    asks: bool,
    text: String,
}

#[test]
fn templates_make_what_transformers_makes_of_them() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("../golden/chat.json")).unwrap();
    assert!(cases.len() >= 16);
    for case in cases {
        let template = ChatTemplate::new(&case.template).unwrap();
        let text = template
            .render(&case.messages, case.asks, ["<s>", "</s>"])
            .unwrap();
        assert_eq!(text, case.text, "{}", case.template);
    }
}

#[test]
fn a_template_that_refuses_loops_or_is_none_is_an_error() {
    let message = |content: &str| Message {
        role: "user".to_owned(),
        content: content.to_owned(),
    };
    let render = |source: &str| {
        ChatTemplate::new(source).and_then(|template| template.render(&[message("hello")], true, ["", ""]))
    };
    let nested = format!(
        "{}1{}",
        "{{ (".to_owned() + &"(".repeat(60_000),
        ")".repeat(60_001) + " }}"
    );
    for (source, words) in [
        (
            "{{ raise_exception('roles must alternate') }}",
            "roles must alternate",
        ),
        (
            "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}",
            "2000000 steps",
        ),
        ("{{ 'x' * 1000000000 }}", "the chat template"),
        ("{% if %}", "line 1"),
        ("{{ messages[0].content.launch() }}", "line 1"),
        ("{{ strftime_now('%q') }}", "%q"),
        ("{% include 'other' %}", "the chat template"),
        (&nested, "the chat template"),
    ] {
        let error = render(source).unwrap_err().to_string();
        assert!(
            error.contains(words),
            "{}: {error}",
            &source[..source.len().min(40)]
        );
    }
    assert_eq!(render("{{ strftime_now('%Y-%m-%d') }}").unwrap().len(), 10);
}

/// The most memory that this process has had so far, in bytes.
#[cfg(target_os = "linux")]
fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    let number = line.split_whitespace().nth(1).unwrap();
    1024 * number.parse::<usize>().unwrap()
}

/// What a refusal says it counted: each bounds the time.
#[cfg(target_os = "linux")]
const COUNTED: [&str; 8] = [
    "2000000 steps",
    "it looks at more than",
    "it makes a value of more than",
    "it makes more than",
    "takes texts and numbers, and no lists",
    "it unpacks lists",
    "range has too many elements",
    "recursion limit exceeded",
];

/// Ways to make much of little, in no more steps, looks and memory than a long conversation takes.
#[cfg(target_os = "linux")]
#[test]
fn a_template_makes_no_more_than_it_may() {
    let message = Message {
        role: "user".to_owned(),
        content: "hello".to_owned(),
    };
    let texts = "{% set ns = namespace(a='xxxxxxxxxxxxxxxx', b=['x']) %}{% for i in range(60) %}";
    let lists = "{% set ns = namespace(a=['x'], b=['x']) %}{% for i in range(60) %}{% set ns.a = [ns.a, ns.a] %}\
                 {% set ns.b = [ns.b, ns.b] %}{% endfor %}";
    let sums = "{% set ns = namespace(b=['x']) %}{% for i in range(60) %}";
    let wide = "{% set x = 'x' * 16000000 %}";
    let long = "{% set s = 'x' * 1000000 %}{% set l = [s] * 100000 %}";
    let mut others = Vec::new();
    for source in [
        &format!("{texts}{{% set ns.a = ns.a ~ ns.a %}}{{% endfor %}}{{{{ ns.a }}}}"),
        &format!("{texts}{{% set ns.a = ns.a + ns.a %}}{{% endfor %}}{{{{ ns.a }}}}"),
        &format!("{texts}{{% set ns.a = ns.a.replace('x', 'xx') %}}{{% endfor %}}"),
        &format!("{texts}{{% set ns.a %}}{{{{ ns.a }}}}{{{{ ns.a }}}}{{% endset %}}{{% endfor %}}"),
        &format!("{lists}{{{{ ns.a | tojson }}}}"),
        &format!("{lists}{{{{ ''.join(ns.a) }}}}"),
        &format!("{lists}{{{{ [ns.a].count(ns.b) }}}}"),
        &format!("{lists}{{{{ {{}}.get(ns.a) }}}}"),
        &format!("{lists}{{{{ '{{0}}'.format(ns.a) }}}}"),
        &format!("{long}{{{{ l ~ 'a' }}}}"),
        &format!("{long}{{{{ l | string | length }}}}"),
        &format!("{long}{{{{ ''.join(l) }}}}"),
        &format!("{long}{{{{ l | tojson }}}}"),
        &format!("{long}{{{{ ('{{0}}' * 100000).format(s) }}}}"),
        &format!("{long}{{{{ s.replace('x', s) }}}}"),
        "{{ '{:99999999999}'.format('x') }}",
        "{{ '{:0>99999999999}'.format('x') }}",
        "{{ 'x' * 10 ** 9 }}",
        "{% for i in range(10 ** 9) %}{% endfor %}",
        &format!("{lists}{{{{ ns.a == ns.b }}}}"),
        &format!("{lists}{{{{ ns.a in [ns.b] }}}}"),
        &format!("{lists}{{{{ [ns.a, ns.b] | unique | list }}}}"),
        &format!("{lists}{{% if ns.a is eq(ns.b) %}}{{% endif %}}"),
        &format!("{sums}{{% set ns.b = ns.b + ns.b %}}{{% endfor %}}"),
        &format!("{sums}{{% set ns.b = (ns.b + ns.b) | list %}}{{% endfor %}}{{{{ ns.b | length }}}}"),
        "{% macro m(l) %}{{ m(l + l) }}{% endmacro %}{{ m(['x']) }}",
        "{% for i in [['x']] recursive %}{{ loop([i + i]) }}{% endfor %}",
        "{% set ns = namespace(x=['x']) %}{% for i in range(90000) %}{% set ns.x = ns.x | batch(1) | list %}{% endfor %}",
        "{% set l = range(60000) | list %}{% for i in range(60000) %}{% if [l] == [l] %}{% endif %}{% endfor %}",
        &format!(
            "{wide}{{% set y = x ~ '' %}}{{% for i in range(99999) %}}{{% if x == y %}}{{% endif %}}{{% endfor %}}"
        ),
        &format!(
            "{wide}{{% set y = x ~ '' %}}{{% for i in range(99999) %}}{{% if 0 < x < y %}}{{% endif %}}{{% endfor %}}"
        ),
        &format!(
            "{wide}{{% set y = x ~ '' %}}{{% for i in range(99999) %}}{{% if x is eq y %}}{{% endif %}}{{% endfor %}}"
        ),
        &format!("{wide}{{% for i in range(99999) %}}{{% if x[15999999] %}}{{% endif %}}{{% endfor %}}"),
        &format!("{wide}{{% for i in range(99999) %}}{{% if x[-1:] %}}{{% endif %}}{{% endfor %}}"),
        &format!(
            "{wide}{{% for i in range(99999) %}}{{% for c in x %}}{{% break %}}{{% endfor %}}{{% endfor %}}"
        ),
        "{{ f(*[1, 2]) }}",
        "{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}",
        "{% macro m(s) %}{% set t = s ~ s %}{{ m(t) }}{% endmacro %}{{ m('xxxxxxxxxxxxxxxx') }}",
    ] {
        let before = peak();
        let rendered =
            ChatTemplate::new(source)
                .unwrap()
                .render(std::slice::from_ref(&message), true, ["", ""]);
        let grown = peak() - before;
        let error = rendered.expect_err(source).to_string();
        assert!(
            !source.contains("x == y") || error.contains("it looks at more than 10000000 values"),
            "{error}"
        );
        assert!(grown < 1 << 29, "{source}: {grown} bytes");
        if !COUNTED.iter().any(|counted| error.contains(counted)) {
            others.push(format!("{source}: {error}"));
        }
    }
    assert!(others.is_empty(), "{others:#?}");
}

/// As many lists within one another as a template has steps for are written and dropped, or refused, and the program lives.
#[test]
fn lists_within_lists_without_end_do_not_end_the_program() {
    let message = Message {
        role: "user".to_owned(),
        content: "hello".to_owned(),
    };
    let deep = "{% set ns = namespace(x=[]) %}{% for i in range(90000) %}{% set ns.x = [ns.x] %}{% endfor %}";
    for source in [
        deep.to_owned(),
        deep.repeat(4),
        format!("{deep}{{{{ ns.x | tojson }}}}"),
    ] {
        let template = ChatTemplate::new(&source).unwrap();
        match template.render(std::slice::from_ref(&message), true, ["", ""]) {
            Ok(text) => assert!(text.is_empty() || text.starts_with("[[")),
            Err(error) => assert!(error.to_string().contains("chat template"), "{error}"),
        }
    }
}

/// A sum of lists is a list: nothing put together with nothing, however often, is looked through once.
#[test]
fn lists_without_values_are_put_together_without_end() {
    let render = |source: &str| {
        ChatTemplate::new(source)
            .unwrap()
            .render(&[], true, ["", ""])
            .unwrap()
    };
    let sums =
        "{% set ns = namespace(b=[]) %}{% for i in range(60) %}{% set ns.b = ns.b + ns.b %}{% endfor %}";
    assert_eq!(
        render(&format!("{sums}{{{{ ns.b }}}}{{{{ ns.b == [] }}}}")),
        "[]True"
    );
    assert_eq!(
        render("{% set a = [1, 'a'] %}{% set b = [2] %}{{ a + b + a }}{{ 'a' + 'b' }}{{ 1 + 2 }}"),
        "[1, 'a', 2, 1, 'a']ab3"
    );
}

/// What is within itself has no end, and is never given back.
#[test]
fn a_namespace_keeps_no_namespace_and_no_macro() {
    let render =
        |source: &str| ChatTemplate::new(source).and_then(|template| template.render(&[], true, ["", ""]));
    for source in [
        "{% set ns = namespace() %}{% set ns.x = ns %}{{ ns }}",
        "{% set ns = namespace() %}{% set ns.x = [{'a': ns}] %}{{ ns }}",
        "{% set ns = namespace() %}{% macro m() %}{{ ns.x }}{% endmacro %}{% set ns.x = m %}{{ m() }}",
    ] {
        let error = render(source).unwrap_err().to_string();
        assert!(
            error.contains("a namespace keeps texts, numbers, lists and maps"),
            "{error}"
        );
    }
    let kept =
        "{% set ns = namespace(n=0) %}{% for a in [1, 2] %}{% set ns.n = ns.n + a %}{% endfor %}{{ ns.n }}";
    assert_eq!(render(kept).unwrap(), "3");
}

/// Long chains are deep trees, which are read and dropped one level within the other.
#[test]
fn an_expression_is_no_deeper_than_a_stack() {
    let choices = "{% if a %}".to_owned() + &"{% elif a %}".repeat(30_000 / 8) + "{% endif %}";
    for source in [
        format!("{{{{ 1{} }}}}", "+1".repeat(30_000)),
        format!("{{{{ a{} }}}}", ".a".repeat(30_000)),
        format!("{{{{ a{} }}}}", "|e".repeat(30_000)),
        format!(
            "{{% raw %}}{{{{ ' {{% endraw %}}{{{{ 1{} }}}}",
            "+1".repeat(30_000)
        ),
        choices,
        "x".repeat(70_000),
    ] {
        let error = ChatTemplate::new(&source).unwrap_err().to_string();
        assert!(
            error.contains("are the most") || error.contains("more than"),
            "{error}"
        );
    }
    // A thread of little stack renders what is allowed.
    let source = format!("{{{{ 1{} }}}}", "+1".repeat(499));
    let rendered = std::thread::Builder::new()
        .stack_size(1 << 16)
        .spawn(move || ChatTemplate::new(&source).and_then(|template| template.render(&[], true, ["", ""])));
    assert_eq!(rendered.unwrap().join().unwrap().unwrap(), "500");
}

/// What is done once each message takes time by the messages, however many there are.
#[test]
fn a_template_of_a_long_conversation_asks_how_long_it_is_at_each_message() {
    let message = |content: &str| Message {
        role: "user".to_owned(),
        content: content.to_owned(),
    };
    let messages = vec![message("hello"); 2000];
    let source = "{% for m in messages[::-1] %}{% set index = (messages|length - 1) - loop.index0 %}\
        {% if (messages|first).role == messages[index].role and messages|count > index %}{{ messages[index].content[:1] }}\
        {% endif %}{% endfor %}";
    let template = ChatTemplate::new(source).unwrap();
    assert_eq!(
        template.render(&messages, true, ["", ""]).unwrap(),
        "h".repeat(2000)
    );
}

/// Jumps of loops, choices and macros lead where they led, whatever stands between.
#[test]
fn a_bounded_template_does_what_it_did() {
    let source = "{% macro m(a, b=2) %}{% if a > b %}{{ a }}{% elif a == b %}={% else %}{{ b }}{% endif %}{% endmacro %}\
        {% for a in [1, 2, 3] if a is odd or a in [2] %}{% if a == 3 %}{% break %}{% endif %}{{ m(a) }}{{ m(a, b=a + 1) }}\
        {% else %}none{% endfor %}{{ [1] + [2, 3] }}{{ {'a': [1, 'x']}['a'][1:] | join('-') }}{{ 'ab'.upper() | replace('A', 'c') }}\
        {{ 1 < 2 < 3 }}{{ not (1 and 0) }}{{ (1, 2)[1] }}{{ ('a' if 1 else 'b') ~ 2 }}";
    let text = ChatTemplate::new(source)
        .unwrap()
        .render(&[], true, ["", ""])
        .unwrap();
    assert_eq!(text, "22=3[1, 2, 3]xcBTrueTrue2a2");
}
