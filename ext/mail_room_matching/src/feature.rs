//! What a key is for, by its form alone. Only the app knows whether the project or the token exists.

/// What the app does with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feature {
    /// A reply to a notification.
    Reply,
    /// An issue by mail.
    NewIssue,
    /// A note on an issue or merge request, which is given by its number.
    NoteOnIssuable,
    /// An unsubscription from notifications.
    Unsubscribe,
    /// A merge request by mail.
    NewMergeRequest,
    /// A ticket of the Service Desk.
    ServiceDesk,
    /// A form that is not known here; the app may know it.
    Unknown,
}

impl Feature {
    /// Its name in logs and in Ruby.
    pub fn name(self) -> &'static str {
        match self {
            Self::Reply => "reply",
            Self::NewIssue => "new_issue",
            Self::NoteOnIssuable => "note_on_issuable",
            Self::Unsubscribe => "unsubscribe",
            Self::NewMergeRequest => "new_merge_request",
            Self::ServiceDesk => "service_desk",
            Self::Unknown => "unknown",
        }
    }
}

/// The parts of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KeyParts<'a> {
    pub feature: Feature,
    pub project_id: Option<u64>,
    /// The slug, or the full path of the older forms.
    pub project_path: Option<&'a str>,
    pub token: Option<ReplyToken<'a>>,
}

/// The token of a notification: 32 hexadecimal digits, or `<partition>-<25 characters>[-<namespace>]`, all in base 36.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ReplyToken<'a> {
    pub partition: Option<&'a str>,
    pub reply_key: &'a str,
    pub namespace_id: Option<&'a str>,
}

impl<'a> KeyParts<'a> {
    fn bare(feature: Feature) -> Self {
        Self { feature, project_id: None, project_path: None, token: None }
    }

    fn of_path(feature: Feature, path: &'a str) -> Self {
        Self { project_path: Some(path), ..Self::bare(feature) }
    }
}

/// Reads `key`. The first form that matches wins.
pub(super) fn read(key: &str) -> KeyParts<'_> {
    if let Some(token) = reply_token(key) {
        return KeyParts { token: Some(token), ..KeyParts::bare(Feature::Reply) };
    }
    let no_slash = !key.contains('/');
    if let Some(reading) = of_project(key.strip_suffix("-issue").filter(|_| no_slash), Feature::NewIssue) {
        return reading;
    }
    let sections: Option<(&str, &str)> = key.split_once('+');
    if let Some((path, token)) = sections
        && !path.is_empty()
        && !token.is_empty()
        && !token.contains('+')
        && token != "unsubscribe"
    {
        return KeyParts::of_path(Feature::NewIssue, path);
    }
    if let Some((head, iid)) = key.rsplit_once("-issue-")
        && !iid.is_empty()
        && iid.bytes().all(|octet| octet.is_ascii_digit())
        && let Some(reading) = of_project(Some(head), Feature::NoteOnIssuable)
    {
        return reading;
    }
    for end in ["-unsubscribe", "+unsubscribe"] {
        if let Some(token) = key.strip_suffix(end).and_then(reply_token) {
            return KeyParts { token: Some(token), ..KeyParts::bare(Feature::Unsubscribe) };
        }
    }
    let merge_request = key.strip_suffix("-merge-request").filter(|_| no_slash);
    if let Some(reading) = of_project(merge_request, Feature::NewMergeRequest) {
        return reading;
    }
    if let Some((path, rest)) = sections
        && !path.is_empty()
        && rest.strip_prefix("merge-request+").is_some_and(|token| !token.is_empty())
    {
        return KeyParts::of_path(Feature::NewMergeRequest, path);
    }
    if let Some(head) = key.strip_suffix("-issue-").filter(|_| no_slash)
        && let Some((slug, id)) = head.rsplit_once('-').and_then(|(slug, id)| Some((slug, number(id)?)))
        && !slug.is_empty()
    {
        return KeyParts { project_id: Some(id), ..KeyParts::of_path(Feature::ServiceDesk, slug) };
    }
    if !no_slash && sections.is_none() {
        return KeyParts::of_path(Feature::ServiceDesk, key);
    }
    KeyParts::bare(Feature::Unknown)
}

/// `<slug>-<project id>-<token>`, the slug as long as it can be.
fn of_project(text: Option<&str>, feature: Feature) -> Option<KeyParts<'_>> {
    let text = text?;
    let mut head = text;
    while let Some((before, token)) = head.rsplit_once('-') {
        let has_token = !token.is_empty() || head.len() < text.len();
        if let Some((slug, id)) = before.rsplit_once('-').filter(|(slug, _)| has_token && !slug.is_empty())
            && let Some(id) = number(id)
        {
            return Some(KeyParts { project_id: Some(id), ..KeyParts::of_path(feature, slug) });
        }
        head = before;
    }
    None
}

fn number(text: &str) -> Option<u64> {
    text.bytes().all(|octet| octet.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// Reads `text` as the token of a notification.
pub(super) fn reply_token(text: &str) -> Option<ReplyToken<'_>> {
    if text.len() == 32 && text.bytes().all(|octet| matches!(octet, b'0'..=b'9' | b'a'..=b'f')) {
        return Some(ReplyToken { partition: None, reply_key: text, namespace_id: None });
    }
    let base36 = |part: &str, lengths: std::ops::RangeInclusive<usize>| {
        lengths.contains(&part.len()) && part.bytes().all(|octet| octet.is_ascii_digit() || octet.is_ascii_lowercase())
    };
    let mut parts = text.split('-');
    let partition = Some(parts.next().filter(|part| base36(part, 1..=4))?);
    let reply_key = parts.next().filter(|part| base36(part, 25..=25))?;
    let namespace_id = parts.next();
    let is_one = namespace_id.is_none_or(|part| base36(part, 1..=13)) && parts.next().is_none();
    is_one.then_some(ReplyToken { partition, reply_key, namespace_id })
}
