//! A small IMAP server with a memory: folders, messages, flags, any number of connections. It does what it should, but for
//! what a test makes it do otherwise. For what no real server does on request; where a real one will do, Dovecot is used.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// A message as the server keeps it.
#[derive(Clone, Debug)]
pub struct Stored {
    pub body: Vec<u8>,
    pub flags: BTreeSet<String>,
}

/// A folder.
#[derive(Clone, Debug, Default)]
pub struct Folder {
    pub validity: u32,
    pub messages: BTreeMap<u32, Stored>,
}

impl Folder {
    /// A folder with these messages, each with a body that names it.
    pub fn with(validity: u32, uids: impl IntoIterator<Item = u32>) -> Self {
        let stored =
            |uid| Stored { body: format!("Subject: {validity}/{uid}\r\n\r\nx").into_bytes(), flags: BTreeSet::new() };
        Self { validity, messages: uids.into_iter().map(|uid| (uid, stored(uid))).collect() }
    }

    /// UIDs of messages with `flag`.
    pub fn flagged(&self, flag: &str) -> Vec<u32> {
        self.messages.iter().filter(|(_, stored)| stored.flags.contains(flag)).map(|(uid, _)| *uid).collect()
    }
}

/// Everything the server knows.
#[derive(Default)]
pub struct State {
    pub folders: BTreeMap<String, Folder>,
    /// Every command but LOGIN, with the number of its connection.
    pub heard: Vec<(usize, String)>,
    pub connections: usize,
    /// Whether IDLE announces what is new.
    pub announces: bool,
}

impl State {
    pub fn folder(&mut self, name: &str) -> &mut Folder {
        self.folders.get_mut(name).unwrap()
    }

    /// How often a command that begins so was heard.
    pub fn count(&self, command: &str) -> usize {
        self.heard.iter().filter(|(_, line)| line.starts_with(command)).count()
    }
}

/// A command.
pub struct Asked<'a> {
    pub connection: usize,
    pub line: &'a str,
    /// The UIDs it names.
    pub uids: Vec<u32>,
}

/// What the server does about a command.
pub enum Does {
    AsUsual,
    /// Sends this, with `TAG` replaced by the command's tag.
    Say(String),
    /// Sends this and closes the connection.
    HangUp(String),
}

type Quirk = Box<dyn FnMut(&mut State, &Asked<'_>) -> Does + Send>;

struct Shared {
    state: Mutex<State>,
    quirk: Mutex<Quirk>,
    news: watch::Sender<()>,
    capabilities: &'static str,
}

/// A running server; ends with the test's runtime.
#[derive(Clone)]
pub struct Odd {
    pub port: u16,
    shared: Arc<Shared>,
}

impl Odd {
    /// Starts one with an INBOX.
    pub async fn start(
        capabilities: &'static str,
        inbox: Folder,
        quirk: impl FnMut(&mut State, &Asked<'_>) -> Does + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = State { announces: true, folders: [("INBOX".to_owned(), inbox)].into(), ..State::default() };
        let shared = Arc::new(Shared {
            state: Mutex::new(state),
            quirk: Mutex::new(Box::new(quirk)),
            news: watch::Sender::default(),
            capabilities,
        });
        tokio::spawn({
            let shared = shared.clone();
            async move {
                loop {
                    let (stream, _) = listener.accept().await.unwrap();
                    let connection = {
                        let mut state = shared.state.lock().unwrap();
                        state.connections += 1;
                        state.connections
                    };
                    tokio::spawn(serve(stream, connection, shared.clone()));
                }
            }
        });
        Self { port, shared }
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap()
    }

    /// Tells every session in IDLE that there is something new. One that comes to IDLE later is told then, unless it searches first.
    pub fn announce(&self) {
        self.shared.news.send_replace(());
    }
}

async fn serve(stream: TcpStream, connection: usize, shared: Arc<Shared>) {
    let mut stream = BufReader::new(stream);
    let mut selected = None;
    let mut news = shared.news.subscribe();
    let greeting = format!("* OK [CAPABILITY IMAP4rev1 {}] odd\r\n", shared.capabilities);
    let _ = stream.write_all(greeting.as_bytes()).await;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
            return;
        }
        let (tag, command) = line.trim_end().split_once(' ').unwrap_or((line.trim_end(), ""));
        if command.starts_with("SELECT") || command.starts_with("UID SEARCH") {
            news.mark_unchanged();
        }
        let does = {
            let mut state = shared.state.lock().unwrap();
            if !command.starts_with("LOGIN") {
                state.heard.push((connection, command.to_owned()));
            }
            let asked = Asked { connection, line: command, uids: named(command) };
            (shared.quirk.lock().unwrap())(&mut state, &asked)
        };
        let (answer, hang_up) = match does {
            Does::Say(text) => (text.replace("TAG", tag), false),
            Does::HangUp(text) => (text.replace("TAG", tag), true),
            Does::AsUsual if command == "IDLE" => {
                if idle(&mut stream, tag, &shared, &mut news).await.is_none() {
                    return;
                }
                continue;
            }
            Does::AsUsual => (usual(&shared, tag, command, &mut selected), false),
        };
        if stream.write_all(answer.as_bytes()).await.is_err() || hang_up || command == "LOGOUT" {
            let _ = stream.shutdown().await;
            return;
        }
    }
}

async fn idle(
    stream: &mut BufReader<TcpStream>,
    tag: &str,
    shared: &Shared,
    news: &mut watch::Receiver<()>,
) -> Option<()> {
    stream.write_all(b"+ idling\r\n").await.ok()?;
    loop {
        let mut line = String::new();
        tokio::select! {
            read = stream.read_line(&mut line) => {
                if read.unwrap_or(0) == 0 {
                    return None;
                }
                return stream.write_all(format!("{tag} OK idle is over\r\n").as_bytes()).await.ok();
            }
            Ok(()) = news.changed() => {
                let (announces, count) = {
                    let state = shared.state.lock().unwrap();
                    (state.announces, state.folders.values().next().map_or(0, |folder| folder.messages.len()))
                };
                if announces {
                    stream.write_all(format!("* {count} EXISTS\r\n").as_bytes()).await.ok()?;
                }
            }
        }
    }
}

/// The UIDs that a command names.
fn named(command: &str) -> Vec<u32> {
    let Some(set) = command.strip_prefix("UID ").and_then(|rest| rest.split(' ').nth(1)) else { return Vec::new() };
    let number = |text: &str| text.parse::<u32>().unwrap_or(0);
    let ranges = set.split(',').map(|range| range.split_once(':').unwrap_or((range, range)));
    ranges.flat_map(|(first, last)| number(first)..=number(last)).filter(|uid| *uid > 0).collect()
}

fn quoted(text: &str) -> &str {
    text.split('"').nth(1).unwrap_or(text)
}

fn usual(shared: &Shared, tag: &str, command: &str, selected: &mut Option<String>) -> String {
    let mut state = shared.state.lock().unwrap();
    let (verb, rest) = command.split_once(' ').unwrap_or((command, ""));
    let ok = |data: String| format!("{data}{tag} OK done\r\n");
    match verb {
        "CAPABILITY" => ok(format!("* CAPABILITY IMAP4rev1 {}\r\n", shared.capabilities)),
        "SELECT" | "EXAMINE" => {
            let name = quoted(rest).to_owned();
            *selected = None;
            let Some(folder) = state.folders.get(&name) else { return format!("{tag} NO there is no {name}\r\n") };
            let data = format!(
                "* FLAGS (\\Seen \\Deleted \\Flagged)\r\n* {} EXISTS\r\n* OK [UIDVALIDITY {}] valid\r\n",
                folder.messages.len(),
                folder.validity
            );
            *selected = Some(name);
            format!("{data}{tag} OK [READ-WRITE] selected\r\n")
        }
        "STATUS" => match state.folders.get(quoted(rest)) {
            Some(folder) => ok(format!("* STATUS \"{}\" (UIDVALIDITY {})\r\n", quoted(rest), folder.validity)),
            None => format!("{tag} NO there is no such folder\r\n"),
        },
        "CREATE" => {
            state.folders.entry(quoted(rest).to_owned()).or_insert_with(|| Folder::with(99, []));
            ok(String::new())
        }
        "LIST" => ok(state.folders.keys().map(|name| format!("* LIST () \"/\" \"{name}\"\r\n")).collect()),
        "LOGOUT" => ok("* BYE bye\r\n".into()),
        "UID" => match by_uid(&mut state, command, rest, selected.as_deref().unwrap_or_default()) {
            Ok(data) => ok(data),
            Err(answer) => format!("{tag} {answer}\r\n"),
        },
        "NOOP" | "SUBSCRIBE" | "LOGIN" => ok(String::new()),
        _ => format!("{tag} BAD what?\r\n"),
    }
}

/// The data of a UID command, or the answer that refuses it.
fn by_uid(state: &mut State, command: &str, rest: &str, selected: &str) -> Result<String, &'static str> {
    let uids = named(command);
    let target = state.folders.contains_key(quoted(rest));
    let Some(folder) = state.folders.get_mut(selected) else { return Err("NO nothing is selected") };
    let mut data = String::new();
    let mut moved = Vec::new();
    match rest.split(' ').next().unwrap() {
        "SEARCH" => {
            let unseen = folder.messages.iter().filter(|(_, stored)| !stored.flags.contains("\\Seen"));
            let found: Vec<_> = unseen.map(|(uid, _)| format!(" {uid}")).collect();
            data = format!("* SEARCH{}\r\n", found.concat());
        }
        "FETCH" => {
            for (uid, stored) in folder.messages.iter().filter(|(uid, _)| uids.contains(uid)) {
                let octets = stored.body.len();
                data += &if rest.contains("RFC822.SIZE") {
                    format!("* {uid} FETCH (UID {uid} RFC822.SIZE {octets})\r\n")
                } else {
                    let body = String::from_utf8_lossy(&stored.body);
                    format!("* {uid} FETCH (UID {uid} BODY[] {{{octets}}}\r\n{body})\r\n")
                };
            }
        }
        "STORE" => {
            let flags = rest.split(['(', ')']).nth(1).unwrap();
            for (_, stored) in folder.messages.iter_mut().filter(|(uid, _)| uids.contains(uid)) {
                stored.flags.extend(flags.split(' ').map(str::to_owned));
            }
        }
        "EXPUNGE" => folder.messages.retain(|uid, stored| !(uids.contains(uid) && stored.flags.contains("\\Deleted"))),
        "MOVE" | "COPY" if !target => return Err("NO [TRYCREATE] there is no such folder"),
        verb @ ("MOVE" | "COPY") => {
            moved = uids.iter().filter_map(|uid| folder.messages.get(uid).cloned()).collect();
            if verb == "MOVE" {
                folder.messages.retain(|uid, _| !uids.contains(uid));
            }
        }
        _ => return Err("BAD what?"),
    }
    if !moved.is_empty() {
        let target = state.folder(quoted(rest));
        for stored in moved {
            let uid = target.messages.keys().next_back().unwrap_or(&0) + 1;
            target.messages.insert(uid, stored);
        }
    }
    Ok(data)
}
