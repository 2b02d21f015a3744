//! Which flags a message that a search program finds cannot have. Follows AND, OR and NOT (RFC 3501 section 6.4.4). It does
//! not know what other keys mean, and concludes nothing from them.

use std::slice::Iter;

use crate::source::AbsentFlags;
use crate::transport::imap_syntax::search_program::{SearchProgram, arguments_of};

/// Parentheses and NOTs within each other that are followed.
const DEPTH: u32 = 100;

/// Flags that are surely absent from a message that a key finds, and from one that it does not find.
#[derive(Debug, Clone, Copy, Default)]
struct Meaning {
    found: AbsentFlags,
    others: AbsentFlags,
}

/// Flags that are absent from every message that `program` finds.
pub(super) fn absent(program: &SearchProgram) -> AbsentFlags {
    all_of(&mut program.tokens().iter(), 0).found
}

/// The keys up to a closing parenthesis or the end: a message is found that all of them find.
fn all_of(tokens: &mut Iter<'_, String>, depth: u32) -> Meaning {
    let mut all: Option<Meaning> = None;
    while let Some(key) = key(tokens, depth) {
        let both = |all: Meaning| Meaning { found: all.found.or(key.found), others: all.others.and(key.others) };
        all = Some(all.map_or(key, both));
    }
    all.unwrap_or_default()
}

/// The next key with its arguments; `None` at a closing parenthesis or the end.
fn key(tokens: &mut Iter<'_, String>, depth: u32) -> Option<Meaning> {
    if depth > DEPTH {
        // What follows is not understood any more, so nothing is concluded from it.
        tokens.by_ref().for_each(drop);
        return None;
    }
    let key_or_none = |tokens: &mut Iter<'_, String>| key(tokens, depth + 1).unwrap_or_default();
    let word = tokens.next()?.to_ascii_uppercase();
    Some(match word.as_str() {
        "(" => all_of(tokens, depth + 1),
        ")" => return None,
        "NOT" => {
            let Meaning { found, others } = key_or_none(tokens);
            Meaning { found: others, others: found }
        }
        "OR" => {
            let (one, other) = (key_or_none(tokens), key_or_none(tokens));
            Meaning { found: one.found.and(other.found), others: one.others.or(other.others) }
        }
        word => {
            tokens.by_ref().take(arguments_of(word)).for_each(drop);
            let (is_set, flag) = word.strip_prefix("UN").map_or((true, word), |flag| (false, flag));
            let flag = AbsentFlags { seen: flag == "SEEN", deleted: flag == "DELETED", flagged: flag == "FLAGGED" };
            let none = AbsentFlags::default();
            if is_set { Meaning { found: none, others: flag } } else { Meaning { found: flag, others: none } }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::{SearchProgram, absent};

    #[test]
    fn tells_which_flags_a_found_message_cannot_bear() {
        for (program, expected) in [
            ("UNSEEN", "seen"),
            ("NEW", "seen"),
            ("new undeleted", "seen deleted"),
            ("NOT SEEN", "seen"),
            ("not (seen)", "seen"),
            ("NOT NOT UNSEEN", "seen"),
            ("NOT NOT NOT UNSEEN", ""),
            ("NOT UNSEEN", ""),
            ("SEEN", ""),
            ("UNDELETED", "deleted"),
            ("NOT DELETED UNFLAGGED", "deleted flagged"),
            ("(UNSEEN (UNDELETED))", "seen deleted"),
            ("OR UNSEEN FLAGGED", ""),
            ("OR UNSEEN UNSEEN", "seen"),
            ("OR (UNSEEN UNDELETED) (UNSEEN FROM a)", "seen"),
            ("OR UNSEEN FLAGGED UNDELETED", "deleted"),
            ("NOT OR SEEN DELETED", "seen deleted"),
            ("NOT (SEEN DELETED)", ""),
            ("NOT ()", ""),
            ("SUBJECT unseen", ""),
            ("SUBJECT \"UNSEEN\" UNDELETED", "deleted"),
            ("NOT SUBJECT unseen", ""),
            ("HEADER unseen undeleted ALL", ""),
            ("HEADER X-A b UNSEEN", "seen"),
            ("KEYWORD unseen", ""),
            ("UNKEYWORD seen", ""),
            ("NOT KEYWORD x UNSEEN", "seen"),
            ("X-GM-RAW \"is:unread unseen\"", ""),
            ("CHARSET UTF-8 UNSEEN", "seen"),
            ("ALL", ""),
            ("1:* UNSEEN", "seen"),
            ("UNSEENX", ""),
            ("OR UNSEEN", ""),
            ("NOT", ""),
        ] {
            let absent = absent(&SearchProgram::new(program).unwrap());
            let flags = [(absent.seen, "seen"), (absent.deleted, "deleted"), (absent.flagged, "flagged")];
            let told: Vec<_> = flags.iter().filter(|(absent, _)| *absent).map(|(_, name)| *name).collect();
            assert_eq!(told.join(" "), expected, "{program}");
        }
    }

    #[test]
    fn claims_nothing_of_what_is_nested_too_deeply() {
        let (open, close) = ("(".repeat(100_000), ")".repeat(100_000));
        for (program, deleted) in [
            (format!("UNDELETED {open}UNSEEN{close}"), true),
            (format!("UNDELETED {}UNSEEN", "NOT ".repeat(100_000)), true),
            (format!("NOT {open}SEEN{close}"), false),
        ] {
            let absent = absent(&SearchProgram::new(&program).unwrap());
            assert_eq!((absent.seen, absent.deleted, absent.flagged), (false, deleted, false));
        }
    }
}
