//! Any octets are a message to the matcher: no panic, no endless loop.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use mail_room_core::config::{AutoReplies, Matching, Unmatched};
use mail_room_core::matcher::Matcher;

static MATCHER: LazyLock<Matcher> = LazyLock::new(|| {
    Matcher::new(&Matching {
        address: "incoming+%{key}@gl.test".into(),
        gitlab_host: Some("gl.test".into()),
        also_accept: vec!["help*@*acme.test".into()],
        auto_replies: AutoReplies::Ignore,
        unmatched: Unmatched::Deliver,
        dry_run: false,
    })
});

fuzz_target!(|raw: &[u8]| {
    MATCHER.find(raw);
    MATCHER.explain(raw);
});
