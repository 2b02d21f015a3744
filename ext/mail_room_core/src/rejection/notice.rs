//! The notice to a sender (RFC 3834): whom it goes to, or why nobody gets one, and what it says. It never contains any of
//! the rejected message's body.

use lettre::message::Mailbox;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::{Address, Message};
use mail_parser::HeaderName as Field;

use crate::config::Smtp;
use crate::error::{Error, Result};
use crate::matching::addresses::{ended, ids, mailboxes, text};
use crate::matching::auto_reply;
use crate::matching::charset::to_utf8;
use crate::matching::headers::{self, Header, Headers};
use crate::matching::matcher::{Match, Matcher, Verdict};

/// Most characters of the subject that the notice repeats.
const SUBJECT: usize = 200;
/// Most octets of one message id, and of all that the notice repeats.
const ID: usize = 250;
const IDS: usize = 2_000;

/// What a notice needs to know of the message it answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rejected {
    pub(super) sender: Address,
    subject: String,
    message_id: Option<String>,
    references: Vec<String>,
}

/// Whom to notify about `raw`. `ours` tells whether an address is ours.
///
/// # Errors
/// The reason why nobody is notified.
pub(super) fn answerable(raw: &[u8], ours: &impl Fn(&Address) -> bool) -> std::result::Result<Rejected, &'static str> {
    let (mut reply_to, mut from, mut subject, mut message_id, mut references) = (None, None, None, None, None);
    let block = headers::block(raw);
    for header in Headers::new(&block) {
        if let Some(why) = forbids(&header) {
            return Err(why);
        }
        let slot = match header.name {
            Field::ReplyTo => &mut reply_to,
            Field::From => &mut from,
            Field::Subject => &mut subject,
            Field::MessageId => &mut message_id,
            Field::References => &mut references,
            _ => continue,
        };
        slot.get_or_insert(header.value);
    }
    let sender = reply_to.or(from).and_then(address).ok_or("it names no sender that could be notified")?;
    if ours(&sender) {
        return Err("its sender is one of our own addresses");
    }
    if is_a_machine(sender.user()) {
        return Err("its sender reads no mail");
    }
    Ok(Rejected {
        sender,
        subject: subject.map(read).unwrap_or_default(),
        message_id: message_id.and_then(|value| well_formed_ids(value).into_iter().next()),
        references: references.map(well_formed_ids).unwrap_or_default(),
    })
}

/// Why a header forbids an automatic answer: the mail comes from a program or a list, or is bulk mail (RFC 3834 section 2).
fn forbids(header: &Header<'_>) -> Option<&'static str> {
    let name = header.name.as_str().to_ascii_lowercase();
    let value = String::from_utf8_lossy(header.value).trim().to_ascii_lowercase();
    let said = |words: &[&str]| value.split([',', ';', ' ', '\t', '\r', '\n']).any(|word| words.contains(&word));
    match name.as_str() {
        "return-path" if value == "<>" || value.is_empty() => Some("its return path is null"),
        "auto-submitted" | "x-autoreply" if auto_reply::reason(&header.name, header.value).is_some() => {
            Some("it is an automatic reply")
        }
        "precedence" if said(&["bulk", "list", "junk", "auto_reply"]) => Some("it is bulk mail"),
        "mailing-list" | "x-mailing-list" | "feedback-id" => Some("it is bulk mail"),
        name if name.starts_with("list-") => Some("it came through a list"),
        "x-auto-response-suppress" if said(&["all", "autoreply", "oof", "dr"]) => {
            Some("its sender wants no automatic replies")
        }
        "content-type" if value.starts_with("multipart/report") => Some("it is a mail server's report"),
        "x-failed-recipients" => Some("it is a mail server's report"),
        "x-spam-flag" if value == "yes" => Some("it is marked as spam"),
        _ => None,
    }
}

/// Whether mail to this local part is read by a program, or by nobody.
fn is_a_machine(local: &str) -> bool {
    let local = local.to_ascii_lowercase();
    let plain: String = local.chars().filter(char::is_ascii_alphanumeric).collect();
    matches!(plain.as_str(), "mailerdaemon" | "postmaster" | "noreply" | "donotreply" | "listserv" | "majordomo")
        || local.starts_with("owner-")
        || ["-request", "-bounces", "-owner"].iter().any(|ending| local.ends_with(ending))
}

/// The first address in a header's value. ASCII only: other addresses need SMTPUTF8 (RFC 6531).
fn address(value: &[u8]) -> Option<Address> {
    let first = mailboxes(value).into_iter().next()?;
    let text = first.trim();
    // mail-parser joins the parts of a folded address. No notice is better than one to somebody else.
    let stands_so = value.windows(text.len().max(1)).any(|window| window == text.as_bytes());
    if stands_so { text.parse().ok().filter(is_plain) } else { None }
}

fn is_plain(address: &Address) -> bool {
    let text: &str = address.as_ref();
    text.len() <= 254 && text.bytes().all(|octet| octet.is_ascii_graphic())
}

/// A header's value as a reader sees it: a single short line without control characters.
fn read(value: &[u8]) -> String {
    // mail-parser reads UTF-8 only: other octets are converted first.
    let read = text(to_utf8(value.get(..SUBJECT * 8).unwrap_or(value)).as_bytes());
    let text: String = read.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let words: Vec<_> = text.split(' ').filter(|word| !word.is_empty()).collect();
    words.join(" ").chars().take(SUBJECT).collect()
}

/// Well-formed message ids (RFC 5322 section 3.6.4), brackets included.
fn well_formed_ids(value: &[u8]) -> Vec<String> {
    // The last ids are the ones that thread the notice.
    let value = value.get(value.len().saturating_sub(IDS)..).unwrap_or(value);
    let line = ended(value);
    let whole = ids(&line).into_iter().map(|id| id.split_ascii_whitespace().collect::<String>());
    let is_sound =
        |id: &String| id.contains('@') && id.len() <= ID && !id.contains(|c: char| !c.is_ascii_graphic() || c == '<');
    whole.filter(is_sound).map(|id| format!("<{id}>")).collect()
}

/// Whether `address` is one of ours: of the mailbox, of those that are matched, or the notices' own.
pub(super) fn is_ours(address: &Address, matcher: &Matcher, own: &[Address]) -> bool {
    let text: &str = address.as_ref();
    own.iter().any(|own| text.eq_ignore_ascii_case(own.as_ref())) || matcher.is_ours(text.as_bytes())
}

/// The encoded notice. `id` is its message id, the same for every attempt.
///
/// # Errors
/// [`Error::Configuration`] if the sender's address has no meaning.
pub(super) fn compose(smtp: &Smtp, rejected: &Rejected, found: &Match, mailbox: &str, id: &str) -> Result<Vec<u8>> {
    let from = sender(smtp)?;
    let id = format!("<{id}@{}>", from.email.domain());
    let subject = format!("[Rejected] {}", rejected.subject);
    let mut references = rejected.references.clone();
    references.extend(rejected.message_id.clone());
    references.dedup();
    let mut mail = Message::builder()
        .from(from)
        .to(Mailbox::new(None, rejected.sender.clone()))
        .subject(subject.trim_end())
        .message_id(Some(id))
        .date_now()
        .header(ContentType::TEXT_PLAIN)
        .raw_header(raw("Auto-Submitted", "auto-replied"))
        .raw_header(raw("X-Auto-Response-Suppress", "All"));
    if let Some(id) = &rejected.message_id {
        mail = mail.in_reply_to(id.clone());
    }
    if !references.is_empty() {
        mail = mail.references(references.join(" "));
    }
    let reason = match found.verdict {
        Verdict::Empty => "there is nothing in it",
        _ => "it is not addressed to anything that is served here",
    };
    // A single pass, because the subject may contain placeholders, too.
    let text = filled(&smtp.text, &[("subject", &rejected.subject), ("reason", reason), ("mailbox", mailbox)]);
    let mail = mail.body(text).map_err(|error| Error::Message(format!("the notice cannot be written: {error}")))?;
    Ok(mail.formatted())
}

/// The sender of notices.
pub(super) fn sender(smtp: &Smtp) -> Result<Mailbox> {
    smtp.from.parse().map_err(|_| Error::Configuration("from of rejection is no e-mail address".into()))
}

fn raw(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

fn filled(template: &str, values: &[(&str, &str)]) -> String {
    let mut parts = template.split("%{");
    let mut filled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, after) = part.split_once('}').unwrap_or_default();
        let known = values.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value, after));
        let (value, after) = known.unwrap_or(("%{", part));
        filled.push_str(value);
        filled.push_str(after);
    }
    filled
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::{Strategy, any, prop_assert, prop_oneof, proptest};

    use super::*;

    fn smtp() -> Smtp {
        serde_json::from_value(serde_json::json!({
            "host": "h", "port": 25, "security": "plain", "domain": "d", "from": "Desk <desk@gl.test>",
            "text": "%{subject}: %{reason}, %{mailbox} %{other} 100%{", "timeout": 1
        }))
        .unwrap()
    }

    fn rejected(headers: &str) -> std::result::Result<Rejected, &'static str> {
        answerable(format!("{headers}\r\n\r\nbody").as_bytes(), &|address| address.user() == "ours")
    }

    fn composed(rejected: &Rejected) -> String {
        let matching = serde_json::from_value(serde_json::json!({
            "address": "in+%{key}@gl.test", "auto_replies": "ignore", "unmatched": "reject"
        }));
        let found = Matcher::new(&matching.unwrap()).find(b"To: x\r\n\r\n");
        String::from_utf8(compose(&smtp(), rejected, &found, "box", "name").unwrap()).unwrap()
    }

    #[test]
    fn the_sender_is_whom_an_answer_would_go_to() {
        for (headers, sender) in [
            ("From: a@b.c", "a@b.c"),
            ("From: a@b.c\r\nReply-To: d@e.f", "d@e.f"),
            ("From: \"x@y.z\" <a@b.c>", "a@b.c"),
            ("From: =?utf-8?q?J=C3=BCrgen?= <a@b.c>", "a@b.c"),
            ("From: J\u{fc}rgen (a, b) <a@b.c>", "a@b.c"),
            ("From: =?utf-8?q?a?=\r\n =?utf-8?q?b?=\r\n <a@b.c>", "a@b.c"),
            ("Reply-To: a@b.c, d@e.f", "a@b.c"),
            ("From: Doe, Jane <a@b.c>", "a@b.c"),
        ] {
            let told = rejected(headers).map(|rejected| rejected.sender.to_string());
            assert_eq!(told.as_deref(), Ok(sender), "{headers}");
        }
    }

    #[test]
    fn nobody_is_told_where_nobody_would_read_it_or_where_it_would_come_back() {
        for headers in [
            "Subject: no sender",
            "From: ",
            "From: a@b@c",
            "From: <a@b.c\r\n QUIT>",
            "From: <a@b.c QUIT>",
            "From: <a @b.c>",
            "From: <>",
            "From: J\u{fc}rgen@b.c",
            "From: ours@b.c",
            "From: MAILER-DAEMON@b.c",
            "From: no-reply@b.c",
            "From: ruby-request@b.c",
            "From: owner-ruby@b.c",
            "From: a@b.c\r\nReturn-path: <>",
            "From: a@b.c\r\nPrecedence: Bulk",
            "From: a@b.c\r\nList-Unsubscribe: <mailto:x@y.z>",
            "From: a@b.c\r\nX-Auto-Response-Suppress: OOF, AutoReply",
            "From: a@b.c\r\nAuto-Submitted: auto-generated; x",
            "From: a@b.c\r\nX-Autoreply: yes",
            "From: a@b.c\r\nContent-Type: Multipart/Report; x=y",
            "From: a@b.c\r\nX-Spam-Flag: YES",
        ] {
            assert!(rejected(headers).is_err(), "{headers}");
        }
    }

    #[test]
    fn a_conversation_goes_on_and_what_is_no_id_is_left_out() {
        let rejected = rejected(
            "From: a@b.c\r\nReferences: <1@x> nonsense <2@\r\n x> <> <no>\r\nMessage-ID: (c) <3@x> <4@x>\r\nSubject: a\r\n b",
        );
        let mail = composed(&rejected.unwrap());
        for line in ["In-Reply-To: <3@x>\r\n", "References: <1@x> <2@x> <3@x>\r\n", "Subject: [Rejected] a b\r\n"] {
            assert!(mail.contains(line), "{mail}");
        }
        assert!(
            mail.ends_with("a b: it is not addressed to anything that is served here, box %{other} 100%{"),
            "{mail}"
        );
    }

    fn value() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            proptest::sample::select(vec![
                "\r\n",
                "\n",
                "\r",
                " ",
                "<",
                ">",
                "@",
                "a@b.c",
                "=?utf-8?b?DQpCY2M6IHhAeS56?=",
                "\0"
            ])
            .prop_map(|text| text.as_bytes().to_vec()),
            vec(any::<u8>(), 0..12),
        ];
        vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        /// Whatever stands in a rejected message: the notice has our headers and no others, and goes to one address.
        #[test]
        fn nothing_can_be_smuggled_into_a_notice(from in value(), subject in value(), id in value(), references in value()) {
            let mut raw = b"From: jane@example.com\r\nReply-To: ".to_vec();
            for (name, value) in [("", from), ("\r\nSubject: ", subject), ("\r\nMessage-ID: ", id), ("\r\nReferences: ", references)] {
                raw.extend_from_slice(name.as_bytes());
                raw.extend_from_slice(&value);
            }
            if let Ok(rejected) = answerable(&raw, &|_| false) {
                let mail = composed(&rejected);
                let (head, _) = mail.split_once("\r\n\r\n").unwrap();
                prop_assert!(!head.replace("\r\n", "").contains(['\r', '\n', '\0']), "{head}");
                let known = [
                    "From", "To", "Subject", "Message-ID", "Date", "Content-Type", "Auto-Submitted", "X-Auto-Response-Suppress",
                    "In-Reply-To", "References", "Content-Transfer-Encoding",
                ];
                for line in head.split("\r\n").filter(|line| !line.starts_with([' ', '\t'])) {
                    let name = line.split(':').next().unwrap();
                    prop_assert!(known.contains(&name), "{line}");
                }
                prop_assert!(rejected.sender.to_string().matches('@').count() == 1);
            }
        }
    }
}
