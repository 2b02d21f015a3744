//! Malformed answers, from a scripted server: no real server sends all of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::Postback;
use crate::message::{Message, MessageId};
use crate::outcome::{DeliveryOutcome, FailureKind};

/// A server on a free port and how many whole requests it has read.
struct Server {
    port: u16,
    requests: Arc<AtomicUsize>,
}

/// What follows an answer.
#[derive(Clone, Copy, PartialEq)]
enum Then {
    Close,
    Keep,
}

impl Server {
    async fn start(answer: Vec<u8>, then: Then) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(AtomicUsize::new(0));
        let counted = requests.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(BufReader::new(stream), answer.clone(), then, counted.clone()));
            }
        });
        Self { port, requests }
    }

    fn postback(&self) -> Postback {
        let config = json!({
            "url": format!("http://127.0.0.1:{}/", self.port), "content_type": "text/plain", "connect_timeout": 10,
            "timeout": 3, "concurrency": 1
        });
        Postback::new(&serde_json::from_value(config).unwrap()).unwrap()
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::Acquire)
    }
}

async fn serve(mut stream: BufReader<TcpStream>, answer: Vec<u8>, then: Then, requests: Arc<AtomicUsize>) {
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
                return;
            }
            if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.unwrap();
        requests.fetch_add(1, Ordering::Release);
        stream.write_all(&answer).await.unwrap();
        if then == Then::Close {
            stream.shutdown().await.unwrap();
            return;
        }
    }
}

fn message(uid: u32) -> Message {
    Message { id: MessageId::Uid(uid), body: b"Subject: x\r\n\r\ny".to_vec() }
}

async fn deliver(postback: &Postback, uid: u32) -> DeliveryOutcome {
    postback.deliver("scope", vec![message(uid)]).await.pop().unwrap()
}

/// What an endpoint may follow its status line with.
fn odd_headers() -> Vec<Vec<u8>> {
    let many = |count: usize| (0..count).map(|n| format!("X-{n}: y\r\n")).collect::<String>();
    let texts = [
        "PHP Warning:  Undefined variable $x in /app/index.php on line 3\r\nContent-Length: 2\r\n\r\nok".to_owned(),
        "<br />\r\n<b>Warning</b>\r\nContent-Length: 2\r\n\r\nok".to_owned(),
        "X-Odd : 1\r\nContent-Length: 2\r\n\r\nok".to_owned(),
        "X-Folded: a\r\n b\r\n\tc\r\nContent-Length: 2\r\n\r\nok".to_owned(),
        " folded\r\nContent-Length: 2\r\n\r\nok".to_owned(),
        ": no name\r\nContent-Length: 2\r\n\r\nok".to_owned(),
        format!("{}Content-Length: 2\r\n\r\nok", many(101)),
        format!("{}Content-Length: 2\r\n\r\nok", many(6_000)),
        format!("X-Long: {}\r\nContent-Length: 2\r\n\r\nok", "y".repeat(1 << 20)),
        "Content-Length: 2\n\nok".to_owned(),
        "X-Ctl: a\u{1}b\r\nX-Nul: a\0b\r\nContent-Length: 2\r\n\r\nok".to_owned(),
        "X-Stray: a\rb\r\nContent-Length: 2\r\n\r\nok".to_owned(),
        "Content-Length: 2\r\nContent-Length: 3\r\n\r\nok".to_owned(),
        "Content-Length: two\r\n\r\nok".to_owned(),
        "Content-Length: -1\r\n\r\nok".to_owned(),
        "Content-Length: 2, 2\r\n\r\nok".to_owned(),
        "Content-Length: 999999999999999999999999\r\n\r\nok".to_owned(),
        "Content-Length: 20\r\n\r\nok".to_owned(),
        "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\nok".to_owned(),
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n".to_owned(),
        "Transfer-Encoding: chunked\r\n\r\nzz\r\nok\r\n0\r\n\r\n".to_owned(),
        "Transfer-Encoding: gzip\r\n\r\nok".to_owned(),
        "Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\nok".to_owned(),
        "X-Unfinished".to_owned(),
        "X-Unfinished: y\r\n".to_owned(),
        "\r\n".to_owned(),
        String::new(),
    ];
    let latin = b"X-Latin: caf\xe9\r\nX-\xe9: y\r\nContent-Length: 2\r\n\r\nok".to_vec();
    texts.into_iter().map(String::into_bytes).chain([latin]).collect()
}

#[tokio::test]
async fn a_status_line_of_2xx_is_a_delivery_whatever_follows_it() {
    for status_line in ["HTTP/1.1 200 OK\r\n", "HTTP/1.1 204\r\n", "HTTP/1.0 201 Created\r\n", "HTTP/1.1  200  OK\r\n"]
    {
        for rest in odd_headers() {
            let server = Server::start([status_line.as_bytes(), &rest].concat(), Then::Close).await;
            let outcome = deliver(&server.postback(), 1).await;
            let shown = rest.escape_ascii().to_string().chars().take(80).collect::<String>();
            assert!(matches!(outcome, DeliveryOutcome::Delivered { .. }), "{status_line}{shown}: {outcome:?}");
            assert_eq!(server.requests(), 1, "{status_line}{shown}");
        }
    }
}

#[tokio::test]
async fn an_answer_that_stops_after_its_status_line_is_a_delivery_when_the_time_is_over() {
    let server = Server::start(b"HTTP/1.1 200 OK\r\nX-Unfinished".to_vec(), Then::Keep).await;
    let outcome = deliver(&server.postback(), 1).await;
    assert!(matches!(outcome, DeliveryOutcome::Delivered { status: Some(200) }), "{outcome:?}");
    assert_eq!(server.requests(), 1);
}

#[tokio::test]
async fn what_is_refused_or_not_answered_is_none() {
    let text = b"HTTP/1.1 413 Too Large\r\nPHP Warning: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n".to_vec();
    let server = Server::start(text, Then::Close).await;
    assert!(matches!(deliver(&server.postback(), 1).await, DeliveryOutcome::Refused { tries: Some(1), .. }));
    for nothing in [b"".as_slice(), b"HTTP/1.1 200 OK", b"220 ready\r\n", b"\x15\x03\x01\x00\x02\x02\x28"] {
        let server = Server::start(nothing.to_vec(), Then::Close).await;
        let outcome = deliver(&server.postback(), 1).await;
        assert!(
            matches!(&outcome, DeliveryOutcome::Unavailable { class, .. } if class.kind == FailureKind::Ambiguous),
            "{}: {outcome:?}",
            nothing.escape_ascii()
        );
    }
}

#[tokio::test]
async fn a_connection_is_used_again_and_each_answer_belongs_to_its_request() {
    let server =
        Server::start(b"HTTP/1.1 200 OK\r\nX-Odd : 1\r\nContent-Length: 2\r\n\r\nok".to_vec(), Then::Keep).await;
    let postback = server.postback();
    for uid in 1..=3 {
        assert!(matches!(deliver(&postback, uid).await, DeliveryOutcome::Delivered { status: Some(200) }));
    }
    assert_eq!(server.requests(), 3);
}

#[tokio::test]
async fn the_reason_of_a_400_is_read_and_not_waited_for_for_ever() {
    let body = r#"{"success":false,"message":"too large"}"#;
    let text = format!("HTTP/1.1 400 Bad Request\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let server = Server::start(text.into_bytes(), Then::Keep).await;
    let DeliveryOutcome::Refused { error, tries: Some(1) } = deliver(&server.postback(), 1).await else { panic!() };
    assert!(error.to_string().ends_with("answered 400 Bad Request: too large"), "{error}");

    let server = Server::start(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 9999\r\n\r\n{".to_vec(), Then::Keep).await;
    let postback = server.postback();
    let late = tokio::time::timeout(Duration::from_secs(20), deliver(&postback, 1)).await.unwrap();
    assert!(matches!(late, DeliveryOutcome::Refused { tries: Some(2), .. }), "{late:?}");
}

#[tokio::test]
async fn nobody_there_is_no_messages_fault() {
    let server = Server::start(Vec::new(), Then::Close).await;
    let mut postback = server.postback();
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    postback.url.set_port(Some(free)).unwrap();
    assert!(matches!(deliver(&postback, 1).await, DeliveryOutcome::Down(_)));
}
