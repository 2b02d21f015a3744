//! What holds for every message: no panic, bounded memory, a valid recipient is found, what has nothing to do with it
//! changes nothing.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use mail_room_matching::explain::Outcome;
use proptest::collection::vec;
use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};

/// Counts what a thread has allocated, at once and at most.
struct Counting;

thread_local! {
    static NOW: Cell<usize> = const { Cell::new(0) };
    static MOST: Cell<usize> = const { Cell::new(0) };
}

fn changed(more: usize, less: usize) {
    let _ = NOW.try_with(|now| {
        now.set(now.get().saturating_add(more).saturating_sub(less));
        MOST.try_with(|most| most.set(most.get().max(now.get())))
    });
}

// SAFETY: everything is the system's allocator; only numbers are added.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        changed(layout.size(), 0);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        changed(0, layout.size());
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

pub(super) fn most_allocated(work: impl FnOnce()) -> usize {
    NOW.set(0);
    MOST.set(0);
    work();
    MOST.get()
}

/// Pieces that headers are made of, in any order.
fn mail_like() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        proptest::sample::select(vec![
            "To: ",
            "Cc:",
            "References: ",
            "Received: for ",
            "Auto-Submitted: ",
            "=?utf-8?q?",
            "=?u?b?",
            "?=",
            "\r\n",
            "\n",
            "\r\n ",
            "\"",
            "(",
            ")",
            "<",
            ">",
            "\\",
            ",",
            ";",
            ":",
            "incoming+",
            "k@gl.test",
            "reply-",
            "@gl.test",
        ])
        .prop_map(|piece| piece.as_bytes().to_vec()),
        vec(any::<u8>(), 0..4),
    ];
    vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

/// A header that has nothing to do with it.
const UNRELATED: &str = "X-[A-Z][a-z]{1,8}: [ -~]{0,60}";
const KEY: &str = "[a-zA-Z0-9][a-zA-Z0-9_./-]{0,40}";

proptest! {
    #[test]
    fn an_explanation_names_what_was_found(raw in mail_like()) {
        for mailbox in ["sub", "all", "own"] {
            let (found, looked) = (super::matcher(mailbox).find(&raw), super::matcher(mailbox).explain(&raw));
            if let Some(key) = found.key {
                prop_assert!(looked.iter().any(|one| one.outcome == Outcome::Key(key.clone())), "{looked:?}");
            } else {
                prop_assert!(!looked.iter().any(|one| matches!(one.outcome, Outcome::Key(_))), "{looked:?}");
            }
        }
    }

    #[test]
    fn any_octets_do_and_take_little_memory(raw in prop_oneof![vec(any::<u8>(), 0..2000), mail_like()]) {
        let matcher = super::matcher("sub");
        let most = most_allocated(|| drop(matcher.find(&raw)));
        // mail-parser's lists take 48 octets for each address and grow by doubling, and it begins with room for a few names.
        prop_assert!(most <= raw.len() * 40 + 1_024, "{most} for {}", raw.len());
    }

    #[test]
    fn a_valid_recipient_is_found(
        key in KEY,
        name in "[A-Za-z]{1,10}( [A-Za-z]{1,10})?",
        others in vec("[a-z]{1,8}@[a-z]{1,8}\\.example", 0..5),
        place in any::<proptest::sample::Index>(),
        form in 0..5,
        header in proptest::sample::select(vec!["To", "Delivered-To", "Cc", "envelope-to", "X-ORIGINAL-TO"]),
    ) {
        let address = format!("incoming+{key}@gl.test");
        let written = match form {
            0 => address,
            1 => format!("<{address}>"),
            2 => format!("{name} <{address}>"),
            3 => format!("\"{name}, (\\\"x\\\"\"\r\n\t<{address}>"),
            _ => format!("{address} ({name})"),
        };
        let mut all = others;
        all.insert(place.index(all.len() + 1), written);
        let found = super::matcher("sub").find(format!("{header}: {}\r\n\r\n", all.join(",\r\n ")).as_bytes());
        prop_assert_eq!(found.verdict.name(), "accepted");
        prop_assert_eq!(found.key, Some(key));
    }

    #[test]
    fn an_address_of_ours_is_found_whatever_stands_around_it(
        key in KEY,
        before in vec(any::<u8>(), 0..60),
        after in vec(any::<u8>(), 0..60),
        header in proptest::sample::select(vec!["To", "References", "Delivered-To", "Cc", "X-Forwarded-To"]),
    ) {
        let on_one_line = |octets: Vec<u8>| octets.into_iter().filter(|octet| !matches!(octet, b'\r' | b'\n'));
        let address = if header == "References" { format!("reply-{key}@gl.test") } else { format!("incoming+{key}@gl.test") };
        let mut raw = format!("{header}: ").into_bytes();
        raw.extend(on_one_line(before));
        raw.extend_from_slice(format!(" <{address}> ").as_bytes());
        raw.extend(on_one_line(after));
        raw.extend_from_slice(b"\r\n\r\n");
        let found = super::matcher("sub").find(&raw);
        prop_assert_eq!(found.verdict.name(), "accepted");
        prop_assert_eq!(found.key, Some(key));
    }

    #[test]
    fn unrelated_headers_and_folding_change_nothing(
        key in KEY,
        known in proptest::bool::ANY,
        automatic in proptest::bool::ANY,
        before in vec(UNRELATED, 0..6),
        after in vec(UNRELATED, 0..6),
        fold in proptest::sample::select(vec!["\r\n ", "\r\n\t", "\n  ", "\r\n \t "]),
    ) {
        let address = if known { format!("incoming+{key}@gl.test") } else { format!("{key}@other.test") };
        let mut headers = vec![format!("To: A B <{address}>, <c@d.example>"), "Subject: so it is".into()];
        if automatic {
            headers.push("Auto-Submitted: auto-replied".into());
        }
        let plain = format!("{}\r\n\r\nbody", headers.join("\r\n"));
        let folded: Vec<_> = headers.iter().map(|header| header.replace(' ', fold)).collect();
        let full = [before, folded, after].concat().join("\r\n") + "\r\n\r\nbody";
        let matcher = super::matcher("sub");
        prop_assert_eq!(matcher.find(plain.as_bytes()), matcher.find(full.as_bytes()));
    }
}
