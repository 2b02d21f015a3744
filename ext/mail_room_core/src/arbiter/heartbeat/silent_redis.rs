//! A Redis that stops answering: its connections stay open and carry nothing any more.

use std::sync::Arc;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};

use super::*;
use crate::redis_server::Server;
use crate::transport::redis::RedisClients;

/// Forwards to a Redis until it falls silent: connections that are open then carry nothing more. Reports each connection
/// before it forwards anything.
struct Proxy {
    port: u16,
    silence: watch::Sender<usize>,
    accepted: mpsc::UnboundedReceiver<()>,
}

impl Proxy {
    async fn start(redis: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (silence, silent) = watch::channel(0);
        let (accepts, accepted) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                accepts.send(()).unwrap();
                let server = TcpStream::connect(("127.0.0.1", redis)).await.unwrap();
                tokio::spawn(forward(client, server, silent.clone()));
            }
        });
        Self { port, silence, accepted }
    }

    fn fall_silent(&self) {
        self.silence.send_modify(|times| *times += 1);
    }
}

async fn forward(mut client: TcpStream, mut server: TcpStream, mut silent: watch::Receiver<usize>) {
    silent.mark_unchanged();
    let (mut asked, mut answered) = ([0; 4096], [0; 4096]);
    loop {
        tokio::select! {
            biased;
            _ = silent.changed() => break,
            read = client.read(&mut asked) => match read {
                Ok(octets @ 1..) => server.write_all(&asked[..octets]).await.unwrap(),
                _ => return,
            },
            read = server.read(&mut answered) => match read {
                Ok(octets @ 1..) => client.write_all(&answered[..octets]).await.unwrap(),
                _ => return,
            },
        }
    }
    // Reads everything and answers nothing.
    while matches!(client.read(&mut asked).await, Ok(1..)) {}
}

#[tokio::test]
async fn a_heartbeat_that_is_not_answered_is_set_again_before_it_expires() {
    let server = Server::start(&[]);
    let mut proxy = Proxy::start(server.port).await;
    let config = json!({ "url": format!("redis://127.0.0.1:{}", proxy.port) });
    let client = RedisClients::new().client(&serde_json::from_value(config).unwrap()).unwrap();
    let heartbeat = Arc::new(Heartbeat::new(client.clone(), "", "p"));
    let beating = tokio::spawn({
        let heartbeat = heartbeat.clone();
        async move { heartbeat.keep_up().await }
    });
    // Claims and heartbeats have a connection each.
    client.run(Traffic::Commands, &[Command::new("PING")]).await.unwrap();
    heartbeat.was_set();
    for _ in 0..2 {
        timeout(LIFE, proxy.accepted.recv()).await.unwrap().unwrap();
    }
    while server.ask::<i64>("PTTL heartbeat:p") < 0 {
        tokio::task::yield_now().await;
    }
    proxy.fall_silent();
    // Waits for its answer for longer than the TTL of a heartbeat.
    let claiming = tokio::spawn(async move { client.run(Traffic::Commands, &[Command::new("PING")]).await.map(drop) });
    timeout(LIFE * 3, proxy.accepted.recv()).await.unwrap().unwrap();
    let left: i64 = server.ask("PTTL heartbeat:p");
    assert!(left > 0, "it expired before it was set again: {left}");
    let set_again = async {
        while server.ask::<i64>("PTTL heartbeat:p") <= left || heartbeat.seen().own.is_none() {
            tokio::task::yield_now().await;
        }
    };
    timeout(LIFE, set_again).await.unwrap();
    assert!(!claiming.is_finished(), "the other command was answered");
    claiming.abort();
    beating.abort();
}
