//! AUTHENTICATE XOAUTH2 and OAUTHBEARER.

use base64::prelude::{BASE64_STANDARD, Engine};
use mail_room_core::config::{Mailbox, Mechanism, OAuth, TokenSource};

use super::*;

const TOKEN: &str = "ya29.PRIVATE-t0ken";
const XOAUTH2: &str = "user=me@example.com\u{1}auth=Bearer ya29.PRIVATE-t0ken\u{1}\u{1}";
/// What Google answers.
const REFUSAL: &str = r#"{"status":"400","schemes":"Bearer","scope":"https://mail.google.com/"}"#;

fn with_token(port: u16, mechanism: Mechanism, token: TokenSource) -> Mailbox {
    Mailbox { auth: Some(OAuth { mechanism, token }), ..mailbox(port) }
}

fn saying(words: &str) -> TokenSource {
    TokenSource::Command(["printf", "%s", words].map(String::from).into())
}

/// Connects with a token to a server that plays `script` from the greeting on.
async fn connecting<F>(mechanism: Mechanism, script: impl FnOnce(Talk) -> F + Send + 'static) -> Result<()>
where
    F: Future<Output = ()> + Send,
{
    let server = Scripted::play(script).await;
    let connected = connect(&with_token(server.port, mechanism, saying(TOKEN))).await.map(drop);
    server.played().await;
    connected
}

#[tokio::test]
async fn shows_the_token_with_and_without_an_initial_response() {
    for sasl_ir in [true, false] {
        let connected = connecting(Mechanism::Xoauth2, async move |mut talk: Talk| {
            let ir = if sasl_ir { "SASL-IR" } else { "IDLE" };
            talk.say(format!("* OK [CAPABILITY IMAP4rev1 AUTH=XOAUTH2 {ir}] hi\r\n")).await;
            let initial = BASE64_STANDARD.encode(XOAUTH2);
            if sasl_ir {
                talk.expect(&format!("AUTHENTICATE XOAUTH2 {initial}")).await;
            } else {
                talk.expect("AUTHENTICATE XOAUTH2").await;
                talk.say("+ \r\n").await;
                assert_eq!(talk.hear().await, initial);
            }
            talk.say("* CAPABILITY IMAP4rev1 IDLE\r\n").await;
            talk.answer("OK in").await;
            talk.serve("SELECT \"INBOX\"", "").await;
            talk.gone().await;
        });
        connected.await.unwrap();
    }
}

#[tokio::test]
async fn an_error_in_the_challenge_is_answered_and_told() {
    for (mechanism, name, farewell) in
        [(Mechanism::Xoauth2, "XOAUTH2", ""), (Mechanism::Oauthbearer, "OAUTHBEARER", "AQ==")]
    {
        let result = connecting(mechanism, async move |mut talk: Talk| {
            talk.say(format!("* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH={name}] hi\r\n")).await;
            let line = talk.hear().await;
            assert!(line.starts_with(&format!("A0001 AUTHENTICATE {name} ")), "{line}");
            // A server that tells everybody what it was told.
            let refusal = format!("{REFUSAL} {TOKEN}");
            talk.say(format!("+ {}\r\n", BASE64_STANDARD.encode(refusal))).await;
            assert_eq!(talk.hear().await, farewell);
            talk.say("A0001 NO SASL authentication failed\r\n").await;
            talk.gone().await;
        })
        .await;
        let text = refused(result);
        assert!(text.contains("SASL authentication failed") && text.contains(r#""status":"400""#), "{text}");
        assert!(text.contains("scope") && text.contains("[token]"), "{text}");
    }
}

#[tokio::test]
async fn a_server_that_never_has_enough_is_left() {
    let result = connecting(Mechanism::Xoauth2, async |mut talk: Talk| {
        talk.say("* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=XOAUTH2] hi\r\n").await;
        talk.hear().await;
        talk.say("+ e30=\r\n").await;
        talk.hear().await;
        talk.say("+ e30=\r\n").await;
        talk.gone().await;
    })
    .await;
    assert!(reconnect(result).contains("not asked"));
}

#[tokio::test]
async fn no_token_for_a_server_that_does_not_want_one() {
    for (capabilities, expected) in
        [("AUTH=PLAIN AUTH=OAUTHBEARER", "XOAUTH2"), ("LOGINDISABLED AUTH=XOAUTH2", "ssl: true")]
    {
        let result = connecting(Mechanism::Xoauth2, async move |mut talk: Talk| {
            talk.say(format!("* OK [CAPABILITY IMAP4rev1 {capabilities}] hi\r\n")).await;
            talk.gone().await;
        })
        .await;
        let text = refused(result);
        assert!(text.contains(expected), "{text}");
    }
    let result = connecting(Mechanism::Xoauth2, async |mut talk: Talk| {
        talk.say("* OK [CAPABILITY IMAP4rev1 AUTH=XOAUTH2] hi\r\n").await;
        talk.expect("AUTHENTICATE XOAUTH2").await;
        talk.answer("NO [UNAVAILABLE] come back later").await;
    })
    .await;
    assert!(reconnect(result).contains("later"));
}

#[tokio::test]
async fn without_a_token_nobody_is_called() {
    // Nothing listens there: whoever connects gets another error.
    for (source, expected) in [
        (saying("PRIVATE words"), "no token"),
        (TokenSource::File("/nonexistent/token".into()), "/nonexistent/token"),
        (TokenSource::Command(vec!["false".into()]), "token_command false failed"),
    ] {
        let text = refused(connect(&with_token(9, Mechanism::Xoauth2, source)).await);
        assert!(text.contains(expected), "{text}");
    }
}
