//! Addresses at Graph. They are built from encoded segments, so that no id and no name can change the request.

use percent_encoding::{AsciiSet, utf8_percent_encode};
use url::Url;

use crate::error::{Error, Result};
use crate::observe::text::{PART, part};
use crate::transport::http::same_origin;

/// The version of the API.
const VERSION: &str = "v1.0";

/// The addresses of one mailbox.
#[derive(Debug)]
pub(super) struct Address {
    endpoint: Url,
    email: String,
}

impl Address {
    /// The addresses of the mailbox `email` at `endpoint`.
    ///
    /// # Errors
    /// [`Error::Configuration`] if the endpoint is not a URL.
    pub(super) fn new(endpoint: &str, email: &str) -> Result<Self> {
        Ok(Self { endpoint: parsed(endpoint, "graph_endpoint")?, email: email.to_owned() })
    }

    /// The host, for logs; with the port unless it is the default one.
    pub(super) fn host(&self) -> String {
        let host = self.endpoint.host_str().unwrap_or_default();
        self.endpoint.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// The address of `segments` below `/users/{email}`.
    pub(super) fn of(&self, segments: &[&str]) -> Url {
        let mut url = self.endpoint.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().push(VERSION).push("users").push(&self.email).extend(segments);
        }
        url
    }

    /// The address of a batch of requests.
    pub(super) fn batch(&self) -> Url {
        let mut url = self.endpoint.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().push(VERSION).push("$batch");
        }
        url
    }

    /// The address of `segments` inside a batch: relative to the version.
    pub(super) fn in_batch(&self, segments: &[&str]) -> String {
        let whole = self.of(segments);
        let batch = self.batch();
        let base = batch.path().trim_end_matches("/$batch");
        whole.path().strip_prefix(base).unwrap_or_else(|| whole.path()).to_owned()
    }

    /// The address of the next page. It must have Graph's origin, as the token is sent there.
    ///
    /// # Errors
    /// [`Error::Reconnect`] naming the other origin.
    pub(super) fn next(&self, link: &str) -> Result<Url> {
        let url = self.endpoint.join(link).ok();
        url.filter(|url| same_origin(&self.endpoint, url)).ok_or_else(|| {
            let elsewhere =
                Url::parse(link).map_or_else(|_| "nowhere".into(), |url| url.origin().ascii_serialization());
            let elsewhere: String = elsewhere.chars().take(200).collect();
            Error::Reconnect(format!(
                "{}: the list goes on at {elsewhere}, but the token is sent to graph_endpoint only",
                self.host()
            ))
        })
    }

    /// The scope of a folder's ids in claims.
    pub(super) fn scope(&self, folder: &str) -> String {
        let host = self.endpoint.host_str().unwrap_or_default();
        let port = self.endpoint.port().map(|port| format!(":{port}")).unwrap_or_default();
        format!("{}{port}/{}/{}", part(host), part(&self.email.to_lowercase()), part(folder))
    }

    /// The scope of the mailbox.
    pub(super) fn mailbox(&self) -> String {
        self.scope("")
    }
}

/// Sets a query the way Graph expects it: `$` and `=` are not encoded.
pub(super) fn query(url: &mut Url, parts: &[(&str, &str)]) {
    let parts: Vec<String> =
        parts.iter().map(|(key, value)| format!("{key}={}", utf8_percent_encode(value, VALUE))).collect();
    url.set_query(Some(&parts.join("&")));
}

/// The characters that are not encoded in a value of a query.
const VALUE: &AsciiSet =
    &PART.remove(b'$').remove(b',').remove(b':').remove(b'(').remove(b')').remove(b'=').remove(b';');

/// Parses an endpoint of the configuration.
///
/// # Errors
/// [`Error::Configuration`] naming the option.
pub(super) fn parsed(endpoint: &str, option: &str) -> Result<Url> {
    match Url::parse(endpoint) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() && url.username().is_empty() => Ok(url),
        _ => Err(Error::Configuration(format!("{option} must be https://, followed by a host and no more"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address() -> Address {
        Address::new("https://Graph.Example.com/", "In@example.com").unwrap()
    }

    #[test]
    fn no_segment_changes_what_is_asked_for() {
        let of = |segments: &[&str]| address().of(segments).to_string();
        assert_eq!(
            of(&["messages", "AAMk/+=?#", "$value"]),
            "https://graph.example.com/v1.0/users/In@example.com/messages/AAMk%2F+=%3F%23/$value"
        );
        let mut url = address().of(&["messages"]);
        query(&mut url, &[("$filter", "displayName eq 'A&B''s'"), ("$top", "5")]);
        assert_eq!(url.query(), Some("$filter=displayName%20eq%20%27A%26B%27%27s%27&$top=5"));
        assert_eq!(address().in_batch(&["messages", "a/b"]), "/users/In@example.com/messages/a%2Fb");
    }

    #[test]
    fn a_list_goes_on_within_the_origin_only() {
        let next = |link| address().next(link);
        assert_eq!(next("https://graph.example.com:443/x?y").unwrap().as_str(), "https://graph.example.com/x?y");
        assert_eq!(next("/x").unwrap().as_str(), "https://graph.example.com/x");
        for elsewhere in ["http://graph.example.com/", "https://graph.example.com.evil.org/", "//evil.org/", "file:///"]
        {
            assert!(next(elsewhere).is_err(), "{elsewhere}");
        }
        let error = next("https://evil.org/path?token=hidden").unwrap_err().to_string();
        assert!(error.contains("https://evil.org,") && !error.contains("hidden"), "{error}");
    }

    #[test]
    fn no_part_of_a_scope_imitates_a_separator() {
        assert_eq!(address().scope("in/box:7%"), "graph.example.com/in@example.com/in%2Fbox%3A7%25");
        let local = Address::new("http://127.0.0.1:8080", "a").unwrap();
        assert_eq!((local.scope("inbox"), local.host()), ("127.0.0.1:8080/a/inbox".into(), "127.0.0.1:8080".into()));
        assert_ne!(local.mailbox(), address().mailbox());
    }

    #[test]
    fn an_endpoint_is_scheme_and_host() {
        for nonsense in ["graph.example.com", "ftp://host", "https://hidden@host", ""] {
            let error = parsed(nonsense, "graph_endpoint").unwrap_err().to_string();
            assert!(error.contains("graph_endpoint") && !error.contains("hidden"), "{nonsense}");
        }
    }
}
