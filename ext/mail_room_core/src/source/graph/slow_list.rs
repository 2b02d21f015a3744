//! A Graph that takes minutes for a list: what was listed until then is delivered, and nothing is forgotten of the rest.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::arbiter::Arbiter;
use crate::delivery::Delivery;
use crate::source::connector::Connector;
use crate::system::clock;
use crate::watch::mailbox::Mailbox;
use crate::watch::mailbox::tests::{config, mailbox};
use crate::watch::sweep::sweep;

/// More than a list may take.
const SLOW: Duration = Duration::from_secs(130);

/// The unread messages, one a page, and what was asked for.
#[derive(Debug, Default)]
struct State {
    unread: Vec<&'static str>,
    heard: Vec<String>,
}

impl State {
    /// What is answered to a request. `port` is our own.
    fn answer(&mut self, verb: &str, path: &str, port: u16) -> Value {
        if path.ends_with("/token") {
            return json!({ "access_token": "t", "expires_in": 3600 });
        }
        let id = path.split("/messages/").nth(1).and_then(|rest| rest.split('/').next()).map(ToOwned::to_owned);
        match (verb, id) {
            ("GET", None) => {
                let skip = path.split("skip=").nth(1).map_or(0, |skip| skip.parse::<usize>().unwrap());
                self.heard.push(format!("page {skip}"));
                // Each page takes so long.
                clock::tests::pass(SLOW);
                let value: Vec<_> = self.unread.iter().skip(skip).take(1).map(|id| json!({ "id": id })).collect();
                let link = format!("http://127.0.0.1:{port}/next/messages?skip={}", skip + 1);
                let more = skip + 1 < self.unread.len();
                json!({ "value": value, "@odata.nextLink": more.then_some(link) })
            }
            ("GET", Some(id)) => {
                self.heard.push(format!("body {id}"));
                json!({ "any": "body" })
            }
            (_, Some(id)) => {
                self.heard.push(format!("mark {id}"));
                self.unread.retain(|unread| *unread != id);
                json!({})
            }
            _ => panic!("{verb} {path}"),
        }
    }
}

async fn serve(stream: TcpStream, state: Arc<Mutex<State>>, port: u16) {
    let mut stream = BufReader::new(stream);
    loop {
        let (mut first, mut length) = (String::new(), 0);
        if stream.read_line(&mut first).await.unwrap_or(0) == 0 {
            return;
        }
        loop {
            let mut line = String::new();
            stream.read_line(&mut line).await.unwrap();
            if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if line == "\r\n" {
                break;
            }
        }
        stream.read_exact(&mut vec![0; length]).await.unwrap();
        let words: Vec<_> = first.split(' ').collect();
        let body = state.lock().unwrap().answer(words[0], words[1], port).to_string();
        let kind = if words[1].ends_with("/$value") { "text/plain" } else { "application/json" };
        let head = format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n", body.len());
        stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
    }
}

async fn start(unread: Vec<&'static str>) -> (u16, Arc<Mutex<State>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let state = Arc::new(Mutex::new(State { unread, heard: Vec::new() }));
    let serving = state.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, serving.clone(), port));
        }
    });
    (port, state)
}

fn watched(port: u16) -> Mailbox {
    let endpoint = format!("http://127.0.0.1:{port}");
    let config = config(json!({
        "graph": {
            "tenant_id": "t", "client_id": "c", "client_secret": "s", "poll_interval": 60,
            "azure_ad_endpoint": endpoint, "graph_endpoint": endpoint
        }
    }));
    mailbox(config, Arbiter::Noop, Delivery::Noop, &Stop::new())
}

#[tokio::test]
async fn what_a_slow_list_has_brought_is_delivered_and_nothing_is_forgotten_of_the_rest() {
    let (port, state) = start(vec!["a", "b", "c"]).await;
    let watched = watched(port);
    let connector = GraphConnector::new(
        &watched.account,
        watched.account.config.graph.as_ref().unwrap(),
        &mut Throttles::default(),
    );
    let mut graph = connector.unwrap().connect(&watched.account).await.unwrap();
    // What is known of a message that the first list does not reach; and it is in backoff.
    let last = MessageId::Text("c".into());
    watched.tracker.ledger().enter(graph.scope());
    assert_eq!(watched.tracker.ledger().refused(&last).counted, 1);
    watched.tracker.ledger().wait(&last, Instant::now() + Duration::from_secs(3600));
    assert!(!graph.client.failures.failed(&last));
    assert!(!graph.client.failures.failed(&last));

    tokio::time::timeout(Duration::from_secs(30), sweep(&mut graph, &watched)).await.unwrap().unwrap();
    assert_eq!(
        state.lock().unwrap().heard,
        ["page 0", "body a", "mark a", "page 0", "body b", "mark b", "page 0"],
        "each list ends with what it has"
    );
    assert_eq!(
        (watched.tracker.progress.snapshot().delivered, watched.tracker.ledger().refused(&last).counted),
        (2, 2)
    );
    assert!(graph.client.failures.failed(&last), "the third failure that is known");
}
