//! A chat template: it renders or refuses, in bounded time and memory.
#![no_main]

use libfuzzer_sys::fuzz_target;
use triaxis_fuzz::seeds;
use triaxis_tokens::{ChatTemplate, Message};

fuzz_target!(init: seeds::write("chat_template"), |source: &str| {
    let Ok(template) = ChatTemplate::new(source) else {
        return;
    };
    let message = |role: &str, content: &str| Message {
        role: role.to_owned(),
        content: content.to_owned(),
    };
    let messages = [
        message("system", "Be brief."),
        message("user", "caf\u{e9} <b>&</b>"),
        message("assistant", ""),
    ];
    for messages in [&messages[..], &[]] {
        let text = template.render(messages, true, ["<s>", "</s>"]);
        assert!(text.map_or(0, |text| text.len()) <= 1 << 24);
    }
});
