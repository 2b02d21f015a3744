//! Any octets are a message to the matcher, and to mail-parser below it: no panic, no endless loop, and a word that is an
//! address of ours is found whatever mail-parser makes of it.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use mail_room_core::config::{AutoReplies, Bounces, Matching, Unmatched};
use mail_room_core::matching::matcher::Matcher;

static MATCHER: LazyLock<Matcher> = LazyLock::new(|| {
    Matcher::new(&Matching {
        address: "incoming+%{key}@gl.test".into(),
        gitlab_host: Some("gl.test".into()),
        also_accept: vec!["help*@*acme.test".into()],
        auto_replies: AutoReplies::Ignore,
        bounces: Bounces::Ignore,
        unmatched: Unmatched::Deliver,
        dry_run: false,
    })
});

fuzz_target!(|raw: &[u8]| {
    MATCHER.find(raw);
    MATCHER.explain(raw);
    let line = raw.iter().copied().filter(|octet| !matches!(octet, b'\r' | b'\n'));
    let around: Vec<u8> = b"To: ".iter().copied().chain(line.clone()).collect();
    let header = [&around[..], b" <incoming+k@gl.test> ", &around[..], b"\r\n\r\n"].concat();
    assert!(MATCHER.find(&header).key.is_some());
});
