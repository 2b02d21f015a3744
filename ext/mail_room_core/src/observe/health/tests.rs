//! The server is asked over real connections.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Instant;

use serde_json::{Value, json};

use super::*;
use crate::observe::heartbeat::Heartbeat;
use crate::observe::monitor::Monitored;
use crate::observe::progress::{Progress, State};

fn server(settings: Value) -> HealthServer {
    HealthServer::new(serde_json::from_value(settings).unwrap())
}

fn started(settings: Value) -> HealthServer {
    let server = server(settings);
    server.start().unwrap();
    server
}

fn local() -> HealthServer {
    started(json!({ "tcp": ["127.0.0.1", 0] }))
}

fn connect(server: &HealthServer) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", server.port().unwrap())).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream
}

/// The status and the body of the answer to this request.
fn ask_on(mut stream: impl Read + Write, request: &str) -> (u16, String) {
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer.split_once("\r\n\r\n").unwrap().1.to_owned())
}

fn ask(server: &HealthServer, request: &str) -> (u16, String) {
    ask_on(connect(server), request)
}

fn get(server: &HealthServer, path: &str) -> (u16, String) {
    ask(server, &format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"))
}

fn monitor(progress: &Arc<Progress>) -> Monitor {
    let (mailbox, email) = ("inbox".into(), "a@example.com".into());
    Monitor::new(vec![Monitored { mailbox, email, progress: progress.clone() }])
}

#[test]
fn readiness_says_why_and_for_how_long_a_mailbox_is_not_ready() {
    let server = local();
    assert_eq!(get(&server, "/liveness"), (200, "OK\n".into()));
    assert_eq!(get(&server, "/readiness"), (503, "Not watching yet\n".into()));
    let progress = Arc::new(Progress::new());
    server.monitor(Arc::new(monitor(&progress)));
    assert_eq!(get(&server, "/readiness"), (503, "a@example.com (inbox): starting for 0 s: no answer yet\n".into()));
    progress.trouble(State::Disconnected, "refused\r\nby the server");
    let expected = "a@example.com (inbox): disconnected for 0 s: refused  by the server\n";
    assert_eq!(get(&server, "/readiness"), (503, expected.into()));
    assert_eq!(get(&server, "/liveness"), (200, "OK\n".into()));
    progress.turn(State::Working);
    assert_eq!(get(&server, "/readiness"), (200, "OK\n".into()));
    progress.trouble(State::Paused, "redis: down");
    let expected = "a@example.com (inbox): paused for 0 s: redis: down\n";
    assert_eq!(get(&server, "/readiness"), (503, expected.into()));
    progress.turn(State::Idle);
    assert_eq!(get(&server, "/readiness"), (200, "OK\n".into()));
}

#[test]
fn liveness_ends_with_the_heartbeat() {
    let server = local();
    let progress = Arc::new(Progress::new());
    progress.turn(State::Idle);
    let mut stuck = monitor(&progress);
    stuck.heartbeat = Heartbeat::of_age(Duration::from_secs(31));
    let stuck = Arc::new(stuck);
    server.monitor(stuck.clone());
    assert_eq!(get(&server, "/liveness"), (500, "Not running\n".into()));
    assert_eq!(get(&server, "/readiness"), (503, "Not running\n".into()));
    stuck.heartbeat.end();
    assert_eq!(get(&server, "/liveness"), (200, "OK\n".into()));
}

#[test]
fn other_methods_and_paths_and_long_headers_are_refused() {
    let server = local();
    for method in ["POST", "PUT", "DELETE", "HEAD", "OPTIONS"] {
        let request = format!("{method} /liveness HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n123456789");
        assert_eq!(ask(&server, &request).0, 405, "{method}");
    }
    for path in ["/", "/live", "/liveness/", "/status.json/../liveness", "*"] {
        assert_eq!(get(&server, path).0, 404, "{path}");
    }
    assert_eq!(get(&server, "/liveness?verbose").0, 200);
    let long = |octets| format!("GET /liveness HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(octets));
    assert_eq!(ask(&server, &long(7000)).0, 200);
    assert_eq!(ask(&server, &long(8200)).0, 431);
    assert_eq!(ask(&server, "nonsense\r\n\r\n").0, 400);
}

#[test]
fn an_answer_arrives_although_a_body_is_still_being_sent() {
    let server = local();
    let mut stream = connect(&server);
    stream.write_all(b"POST /liveness HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n").unwrap();
    stream.write_all(&vec![b'x'; 60_000]).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 405 "), "{answer}");
}

#[test]
fn only_local_listeners_show_metrics_and_status_unasked() {
    let pages = |settings| {
        let server = started(settings);
        (get(&server, "/metrics").0, get(&server, "/status.json").0)
    };
    assert_eq!(pages(json!({ "tcp": ["127.0.0.1", 0] })), (200, 200));
    assert_eq!(pages(json!({ "tcp": ["0.0.0.0", 0] })), (404, 404));
    assert_eq!(pages(json!({ "tcp": ["0.0.0.0", 0], "metrics": true })), (200, 404));
    assert_eq!(pages(json!({ "tcp": ["0.0.0.0", 0], "status": true })), (404, 200));
    assert_eq!(pages(json!({ "tcp": ["127.0.0.1", 0], "metrics": false })), (404, 200));
}

#[test]
fn status_as_data() {
    let server = local();
    let status = || serde_json::from_str::<Value>(&get(&server, "/status.json").1).unwrap();
    assert_eq!(status()["ok"], false);
    let progress = Arc::new(Progress::new());
    server.monitor(Arc::new(monitor(&progress)));
    progress.trouble(State::Paused, "down");
    let paused = status();
    assert_eq!(
        (&paused["ok"], &paused["alive"], &paused["version"]),
        (&json!(false), &json!(true), &json!(env!("CARGO_PKG_VERSION")))
    );
    let mailbox = &paused["mailboxes"][0];
    assert_eq!((&mailbox["email"], &mailbox["mailbox"]), (&json!("a@example.com"), &json!("inbox")));
    assert_eq!((&mailbox["state"], &mailbox["ready"]), (&json!("paused"), &json!(false)));
    assert_eq!((&mailbox["trouble"], &mailbox["pauses"]), (&json!("down"), &json!(1)));
    progress.turn(State::Idle);
    assert_eq!(status()["ok"], true);
}

/// Fails, too, if slow clients are not ended: each of them is read to its end.
#[test]
fn slow_clients_keep_nobody_out_and_are_ended() {
    let server = local();
    let slow: Vec<TcpStream> = (0..200)
        .map(|number| {
            let mut stream = connect(&server);
            // Half of them send nothing at all.
            stream.write_all(if number % 2 == 0 { b"GET /live" } else { b"" }).unwrap();
            stream
        })
        .collect();
    let asked = Instant::now();
    assert_eq!(get(&server, "/liveness"), (200, "OK\n".into()));
    println!("answered beside 200 slow clients after {:?}", asked.elapsed());
    for mut stream in slow {
        if let Err(error) = stream.read_to_end(&mut Vec::new()) {
            assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error}");
        }
    }
}

#[test]
fn it_stops_and_starts_again_on_the_same_port() {
    let server = local();
    let port = server.port().unwrap();
    server.start().unwrap();
    server.stop();
    server.stop();
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
    let again = started(json!({ "tcp": ["127.0.0.1", port] }));
    assert_eq!(get(&again, "/liveness").0, 200);
    let error = self::server(json!({ "tcp": ["127.0.0.1", port] })).start().unwrap_err().to_string();
    assert!(error.contains(&format!("address 127.0.0.1, port {port}: Address already in use")), "{error}");
}

fn ask_at(path: &Path) -> (u16, String) {
    let stream = UnixStream::connect(path).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    ask_on(stream, "GET /status.json HTTP/1.1\r\nHost: x\r\n\r\n")
}

#[test]
fn a_unix_socket_is_removed_at_the_end_and_replaced_if_its_process_is_gone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("health");
    let settings = json!({ "socket": path });
    let first = started(settings.clone());
    assert_eq!((ask_at(&path).0, first.port()), (200, None));
    let error = server(settings.clone()).start().unwrap_err().to_string();
    assert!(error.contains("health: Address already in use"), "{error}");
    first.stop();
    assert!(!path.exists());
    // A process that was killed leaves its socket behind.
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let second = started(settings.clone());
    assert_eq!(ask_at(&path).0, 200);
    // Somebody else's socket is not removed.
    std::fs::remove_file(&path).unwrap();
    let _others = std::os::unix::net::UnixListener::bind(&path).unwrap();
    second.stop();
    assert!(path.exists());
    // Nor is a file that is no socket.
    let file = directory.path().join("file");
    std::fs::write(&file, "x").unwrap();
    server(json!({ "socket": file })).start().unwrap_err();
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "x");
}
