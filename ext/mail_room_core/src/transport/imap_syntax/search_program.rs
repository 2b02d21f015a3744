//! The search program of the configuration: checks it and makes it fit to send. It looks at whole tokens only, so that an
//! argument is never taken for a key. The server knows what the keys mean.

use std::fmt;

use chrono::{Datelike, NaiveDate};

use crate::error::{Error, Result};

/// Keys followed by one argument that may be a bare word (RFC 3501 section 6.4.4, RFC 5032, RFC 8474, Gmail's).
const ONE_ARGUMENT: &str = "BCC BEFORE BODY CC CHARSET EMAILID FILTER FROM KEYWORD LARGER MODSEQ OLDER ON SAVEDBEFORE \
                            SAVEDON SAVEDSINCE SENTBEFORE SENTON SENTSINCE SINCE SMALLER SUBJECT TEXT THREADID TO UID \
                            UNKEYWORD X-GM-LABELS X-GM-MSGID X-GM-RAW X-GM-THRID YOUNGER";

/// A checked search program.
#[derive(Debug, Clone)]
pub(crate) struct SearchProgram {
    tokens: Vec<String>,
    /// Some argument is not US-ASCII and no CHARSET was given.
    utf8: bool,
    /// The condition of [`limit_since`](Self::limit_since).
    since: Option<String>,
}

impl SearchProgram {
    /// Checks `program` and sends `NEW` as `UNSEEN`: `\Recent` is shown to one session only, so after a reconnect NEW
    /// would never find what is still undelivered.
    pub(crate) fn new(program: &str) -> Result<Self> {
        let mut tokens = tokens(program)?;
        let (mut arguments, mut charset) = (0_usize, false);
        for token in &mut tokens {
            match token.to_ascii_uppercase().as_str() {
                "(" | ")" => arguments = 0,
                _ if arguments > 0 => {
                    arguments -= 1;
                    if !token.is_ascii() && !token.starts_with('"') {
                        *token = quoted(token);
                    }
                }
                "RETURN" => return Err(refused("RETURN is refused: all messages found are needed")),
                key @ ("RECENT" | "OLD") => {
                    return Err(refused(&format!(
                        "{key} is refused: a server shows \\Recent to one session only, so messages would be missed for \
                         ever after a reconnect; use UNSEEN"
                    )));
                }
                key if key.starts_with('"') => {
                    return Err(refused("a quoted string stands where a key is expected"));
                }
                key if !key.is_ascii() => return Err(refused("a key is not US-ASCII")),
                "NEW" => *token = "UNSEEN".to_owned(),
                key => {
                    charset |= key == "CHARSET";
                    arguments = arguments_of(key);
                }
            }
        }
        if arguments > 0 {
            return Err(refused("the last key lacks its argument"));
        }
        let utf8 = !charset && tokens.iter().any(|token| !token.is_ascii());
        Ok(Self { tokens, utf8, since: None })
    }

    /// Adds the condition that the server has received a message on `day`, as in `2026-11-01`, or later. One day is added: the
    /// server's may begin later than that of UTC.
    pub(crate) fn limit_since(&mut self, day: &str) -> Result<()> {
        let day = NaiveDate::parse_from_str(day, "%Y-%m-%d").ok().and_then(|day| day.pred_opt());
        // RFC 3501 has four digits for the year.
        let day = day.filter(|day| (0..=9999).contains(&day.year()));
        let day = day.ok_or_else(|| refused("the day of the first run cannot be read"))?;
        self.since = Some(format!(" SINCE {}", day.format("%-d-%b-%Y")));
        Ok(())
    }

    /// Whether there is such a condition.
    pub(crate) fn is_limited(&self) -> bool {
        self.since.is_some()
    }

    /// Parentheses, words and quoted strings in their order.
    pub(crate) fn tokens(&self) -> &[String] {
        &self.tokens
    }
}

/// As it is sent: strings that are not US-ASCII in UTF-8 (RFC 3501 section 6.4.4). The stream makes literals of them.
impl fmt::Display for SearchProgram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut space = "";
        if self.utf8 {
            f.write_str("CHARSET UTF-8 ")?;
        }
        for token in &self.tokens {
            let before = if token == ")" { "" } else { space };
            space = if token == "(" { "" } else { " " };
            write!(f, "{before}{token}")?;
        }
        f.write_str(self.since.as_deref().unwrap_or_default())
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// How many arguments follow a key, which is in capitals.
pub(crate) fn arguments_of(key: &str) -> usize {
    match key {
        "HEADER" => 2,
        key => usize::from(ONE_ARGUMENT.split(' ').any(|known| known == key)),
    }
}

/// The tokens of `program`, quoted strings with their quotes. At least one is a word.
fn tokens(program: &str) -> Result<Vec<String>> {
    let mut tokens = Vec::new();
    let mut depth = 0_usize;
    let mut chars = program.chars().peekable();
    if program.chars().any(|c| c.is_control()) {
        return Err(refused("it must not contain control characters such as line ends"));
    }
    while let Some(c) = chars.next() {
        match c {
            ' ' => {}
            '(' => {
                depth += 1;
                tokens.push("(".to_owned());
            }
            ')' => {
                depth = depth.checked_sub(1).ok_or_else(|| refused("a closing parenthesis has no opening one"))?;
                tokens.push(")".to_owned());
            }
            '"' => {
                let mut text = String::new();
                loop {
                    match chars.next() {
                        Some('"') => break,
                        Some('\\') => text.extend(chars.next()),
                        Some(c) => text.push(c),
                        None => return Err(refused("a quoted string does not end")),
                    }
                }
                tokens.push(quoted(&text));
            }
            c => {
                let mut word = String::from(c);
                while let Some(c) = chars.next_if(|c| !matches!(c, ' ' | '(' | ')' | '"')) {
                    word.push(c);
                }
                // A server would take `{5}` at the end of a line for the announcement of a literal and wait for it.
                if word.contains('{') {
                    return Err(refused("literals are not supported: use a quoted string"));
                }
                tokens.push(word);
            }
        }
    }
    if depth > 0 {
        return Err(refused("an opening parenthesis has no closing one"));
    }
    if tokens.iter().all(|token| token.starts_with(['(', ')', '"'])) {
        return Err(refused("it is empty"));
    }
    Ok(tokens)
}

fn refused(reason: &str) -> Error {
    Error::Configuration(format!("search_command: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(program: &str) -> String {
        format!("UID SEARCH {}", SearchProgram::new(program).unwrap())
    }

    #[test]
    fn sends_new_as_unseen_and_nothing_else() {
        for (program, expected) in [
            ("UNSEEN", "UID SEARCH UNSEEN"),
            ("NEW", "UID SEARCH UNSEEN"),
            ("new", "UID SEARCH UNSEEN"),
            ("  NEW   UNDELETED ", "UID SEARCH UNSEEN UNDELETED"),
            ("(NEW (NOT NEW))", "UID SEARCH (UNSEEN (NOT UNSEEN))"),
            ("OR NEW FLAGGED", "UID SEARCH OR UNSEEN FLAGGED"),
            ("SUBJECT new UNSEEN", "UID SEARCH SUBJECT new UNSEEN"),
            ("SUBJECT \"NEW\" new", "UID SEARCH SUBJECT \"NEW\" UNSEEN"),
            ("FROM old", "UID SEARCH FROM old"),
            ("header new old NEW", "UID SEARCH header new old UNSEEN"),
            ("HEADER \"X-Old\" recent", "UID SEARCH HEADER \"X-Old\" recent"),
            ("KEYWORD new UNKEYWORD old", "UID SEARCH KEYWORD new UNKEYWORD old"),
            ("X-GM-RAW \"is:new {5}\" UNSEEN", "UID SEARCH X-GM-RAW \"is:new {5}\" UNSEEN"),
            ("SUBJECT \"a \\\"b\\\\ c\"", "UID SEARCH SUBJECT \"a \\\"b\\\\ c\""),
            ("SUBJECT \"\"", "UID SEARCH SUBJECT \"\""),
            ("SINCE 1-Jan-2024 1:*", "UID SEARCH SINCE 1-Jan-2024 1:*"),
            ("SUBJECT \"Grüße\" NEW", "UID SEARCH CHARSET UTF-8 SUBJECT \"Grüße\" UNSEEN"),
            ("SUBJECT Grüße", "UID SEARCH CHARSET UTF-8 SUBJECT \"Grüße\""),
            ("CHARSET UTF-8 SUBJECT \"ü\"", "UID SEARCH CHARSET UTF-8 SUBJECT \"ü\""),
        ] {
            assert_eq!(sent(program), expected, "{program}");
        }
    }

    #[test]
    fn a_day_that_is_remembered_limits_it_and_one_that_cannot_be_read_is_refused() {
        for (day, since) in
            [("2026-11-01", "31-Oct-2026"), ("2027-01-01", "31-Dec-2026"), ("2028-03-01", "29-Feb-2028")]
        {
            let mut program = SearchProgram::new("NEW").unwrap();
            program.limit_since(day).unwrap();
            assert_eq!(program.to_string(), format!("UNSEEN SINCE {since}"));
        }
        for day in ["", "today", "2026-02-30", "0000-01-01", "+99999-01-01", "-262143-01-01", "2026-11-01 ALL"] {
            let mut program = SearchProgram::new("NEW").unwrap();
            assert!(program.limit_since(day).is_err(), "{day}");
            assert!(!program.is_limited());
        }
    }

    #[test]
    fn refuses_what_would_miss_messages_or_break_the_line() {
        for program in [
            "",
            "   ",
            "()",
            "RECENT",
            "UNSEEN old",
            "NOT (OLD)",
            "OR NEW RECENT",
            "UNSEEN\r\nA1 LOGOUT",
            "UNSEEN\n",
            "UN\0SEEN",
            "(UNSEEN",
            "UNSEEN)",
            "SUBJECT \"x",
            "SUBJECT {5}",
            "SUBJECT",
            "\"UNSEEN\"",
            "RETURN (MIN) ALL",
            "üNSEEN",
        ] {
            assert!(matches!(SearchProgram::new(program), Err(Error::Configuration(_))), "{program:?}");
        }
    }
}
