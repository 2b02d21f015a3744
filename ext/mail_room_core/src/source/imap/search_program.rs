//! The search program of the configuration, checked and made fit to send: only whole tokens are looked at, so that an
//! argument is never taken for a key. What the keys mean is the server's business.

mod absent;

use std::fmt;

use crate::error::{Error, Result};
use crate::source::AbsentFlags;

/// Keys followed by one argument that may be a bare word (RFC 3501 section 6.4.4, RFC 5032, RFC 8474, Gmail's).
const ONE_ARGUMENT: &str = "BCC BEFORE BODY CC CHARSET EMAILID FILTER FROM KEYWORD LARGER MODSEQ OLDER ON SAVEDBEFORE \
                            SAVEDON SAVEDSINCE SENTBEFORE SENTON SENTSINCE SINCE SMALLER SUBJECT TEXT THREADID TO UID \
                            UNKEYWORD X-GM-LABELS X-GM-MSGID X-GM-RAW X-GM-THRID YOUNGER";

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Open,
    Close,
    Word(String),
    /// Without its quotes and backslashes.
    Quoted(String),
}

/// A checked search program.
#[derive(Debug, Clone)]
pub(super) struct SearchProgram {
    tokens: Vec<Token>,
    /// Some argument is not US-ASCII and no CHARSET was given.
    utf8: bool,
    /// The condition of [`limit_since`](Self::limit_since).
    since: Option<String>,
}

impl SearchProgram {
    /// Checks `program` and sends `NEW` as `UNSEEN`: `\Recent` is shown to one session only, so after a reconnect NEW
    /// would never find what is still undelivered.
    pub(super) fn new(program: &str) -> Result<Self> {
        let mut tokens = tokens(program)?;
        let mut arguments = 0_u32;
        let mut charset = false;
        for token in &mut tokens {
            match token {
                Token::Word(_) | Token::Quoted(_) if arguments > 0 => arguments -= 1,
                Token::Word(word) => {
                    let key = word.to_ascii_uppercase();
                    match key.as_str() {
                        "NEW" => *word = "UNSEEN".to_owned(),
                        "RECENT" | "OLD" => {
                            return Err(refused(&format!(
                                "{key} is refused: a server shows \\Recent to one session only, so messages would be \
                                 missed for ever after a reconnect; use UNSEEN"
                            )));
                        }
                        "RETURN" => return Err(refused("RETURN is refused: all messages found are needed")),
                        key => {
                            if !word.is_ascii() {
                                return Err(refused("a key is not US-ASCII"));
                            }
                            charset |= key == "CHARSET";
                            arguments = arguments_of(key);
                        }
                    }
                }
                Token::Quoted(_) => return Err(refused("a quoted string stands where a key is expected")),
                Token::Open | Token::Close => arguments = 0,
            }
        }
        if arguments > 0 {
            return Err(refused("the last key lacks its argument"));
        }
        let foreign =
            tokens.iter().any(|token| matches!(token, Token::Word(text) | Token::Quoted(text) if !text.is_ascii()));
        Ok(Self { tokens, utf8: foreign && !charset, since: None })
    }

    /// Adds the condition that the server has received a message on `day`, as in `2026-11-01`, or later. One day is added: the
    /// server's may begin later than that of UTC.
    pub(super) fn limit_since(&mut self, day: &str) -> Result<()> {
        let day: jiff::civil::Date = day.parse().map_err(|_| refused("the day of the first run cannot be read"))?;
        let day = day.yesterday().unwrap_or(day);
        self.since = Some(format!(" SINCE {}", day.strftime("%-d-%b-%Y")));
        Ok(())
    }

    /// Whether there is such a condition.
    pub(super) fn is_limited(&self) -> bool {
        self.since.is_some()
    }

    /// Flags that no message bears that the program finds.
    pub(super) fn absent(&self) -> AbsentFlags {
        absent::absent(&self.tokens)
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
            let before = if *token == Token::Close { "" } else { space };
            space = if *token == Token::Open { "" } else { " " };
            match token {
                Token::Open => write!(f, "{before}(")?,
                Token::Close => f.write_str(")")?,
                Token::Word(word) if word.is_ascii() => write!(f, "{before}{word}")?,
                Token::Word(text) | Token::Quoted(text) => {
                    write!(f, "{before}\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))?;
                }
            }
        }
        f.write_str(self.since.as_deref().unwrap_or_default())
    }
}

/// How many arguments follow a key, which is in capitals.
fn arguments_of(key: &str) -> u32 {
    match key {
        "HEADER" => 2,
        key => u32::from(ONE_ARGUMENT.split(' ').any(|known| known == key)),
    }
}

fn tokens(program: &str) -> Result<Vec<Token>> {
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
                tokens.push(Token::Open);
            }
            ')' => {
                depth = depth.checked_sub(1).ok_or_else(|| refused("a closing parenthesis has no opening one"))?;
                tokens.push(Token::Close);
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
                tokens.push(Token::Quoted(text));
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
                tokens.push(Token::Word(word));
            }
        }
    }
    if depth > 0 {
        return Err(refused("an opening parenthesis has no closing one"));
    }
    if !tokens.iter().any(|token| matches!(token, Token::Word(_))) {
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
