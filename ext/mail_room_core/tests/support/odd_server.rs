//! An IMAP server with a mailbox in memory that works as it should but for the oddities a test asks for. It serves any
//! number of sessions, remembers every command, and reads messages and flags like any other.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// A running server.
#[derive(Clone)]
pub struct OddServer {
    pub port: u16,
    state: Arc<Mutex<State>>,
    changed: Arc<Notify>,
}

/// The mailbox and what is odd about it.
pub struct State {
    /// Flags by UID.
    pub messages: BTreeMap<u32, BTreeSet<String>>,
    /// Absent if it tells none.
    pub uid_validity: Option<u32>,
    /// What else it says when the mailbox is selected.
    pub selected: &'static str,
    pub uidplus: bool,
    /// STORE is answered so if its set holds the UID.
    pub refuses: BTreeMap<u32, &'static str>,
    /// The connection ends at a STORE whose set holds the UID, before anything is marked.
    pub hangs_up_at: BTreeSet<u32>,
    /// The connection ends after so many STOREs, when the flags are set, in place of the answer.
    pub replies_lost: u32,
    /// STORE is answered OK and nothing is stored.
    pub forgets_flags: bool,
    /// EXPUNGE is answered so.
    pub refuses_expunge: Option<&'static str>,
    /// All commands of all sessions, without their tags.
    pub commands: Vec<String>,
    pub sessions: usize,
    /// How often somebody else changed something.
    changes: usize,
}

impl OddServer {
    /// A server with messages of these UIDs, all unread.
    pub async fn start(uids: impl IntoIterator<Item = u32>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = State {
            messages: uids.into_iter().map(|uid| (uid, BTreeSet::new())).collect(),
            uid_validity: Some(7),
            selected: "",
            uidplus: true,
            refuses: BTreeMap::new(),
            hangs_up_at: BTreeSet::new(),
            replies_lost: 0,
            forgets_flags: false,
            refuses_expunge: None,
            commands: Vec::new(),
            sessions: 0,
            changes: 0,
        };
        let server = Self { port, state: Arc::new(Mutex::new(state)), changed: Arc::default() };
        let serving = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let server = serving.clone();
                tokio::spawn(async move { Talk::new(server, stream).serve().await });
            }
        });
        server
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// New mail.
    pub fn append(&self, uid: u32) {
        let mut state = self.state();
        state.messages.insert(uid, BTreeSet::new());
        state.changes += 1;
        drop(state);
        self.changed.notify_waiters();
    }

    /// What a person does with a mail program: sets exactly these flags.
    pub fn set_flags(&self, uid: u32, flags: &[&str]) {
        let mut state = self.state();
        *state.messages.get_mut(&uid).unwrap() = flags.iter().map(|flag| (*flag).to_owned()).collect();
        state.changes += 1;
        drop(state);
        self.changed.notify_waiters();
    }

    /// Flags by UID, in one line each.
    pub fn flags(&self) -> BTreeMap<u32, String> {
        let flags = |flags: &BTreeSet<String>| flags.iter().cloned().collect::<Vec<_>>().join(" ");
        self.state().messages.iter().map(|(uid, set)| (*uid, flags(set))).collect()
    }

    /// How many commands began so.
    pub fn count(&self, command: &str) -> usize {
        self.state().commands.iter().filter(|heard| heard.starts_with(command)).count()
    }
}

/// One session.
struct Talk {
    server: OddServer,
    lines: Lines<BufReader<OwnedReadHalf>>,
    to: OwnedWriteHalf,
    /// The changes that the client knows of.
    known: usize,
}

/// The connection is to end.
struct Gone;

impl Talk {
    fn new(server: OddServer, stream: TcpStream) -> Self {
        let (from, to) = stream.into_split();
        Self { server, lines: BufReader::new(from).lines(), to, known: 0 }
    }

    async fn serve(mut self) {
        self.server.state().sessions += 1;
        let uidplus = if self.server.state().uidplus { " UIDPLUS" } else { "" };
        self.say(&format!("* OK [CAPABILITY IMAP4rev1 IDLE{uidplus}] ready")).await;
        while let Ok(Some(line)) = self.lines.next_line().await {
            let (tag, command) = line.split_once(' ').unwrap();
            let (tag, command) = (tag.to_owned(), command.to_owned());
            self.server.state().commands.push(command.clone());
            if command == "IDLE" {
                if self.idle(&tag).await.is_err() {
                    return;
                }
                continue;
            }
            let Ok((data, status)) = self.answer(&command) else { return };
            self.say(&format!("{}{tag} {status}", data.concat())).await;
            if command == "LOGOUT" {
                return;
            }
        }
    }

    async fn say(&mut self, text: &str) {
        let _ = self.to.write_all(format!("{text}\r\n").as_bytes()).await;
    }

    async fn idle(&mut self, tag: &str) -> Result<(), Gone> {
        let changed = self.server.changed.clone();
        let mut first = true;
        loop {
            let notified = changed.notified();
            if std::mem::take(&mut first) {
                self.say("+ idling").await;
            }
            let (changes, messages) = {
                let state = self.server.state();
                (state.changes, state.messages.len())
            };
            if std::mem::replace(&mut self.known, changes) != changes {
                self.say(&format!("* {messages} EXISTS")).await;
            }
            tokio::select! {
                line = self.lines.next_line() => match line {
                    Ok(Some(done)) if done == "DONE" => break,
                    _ => return Err(Gone),
                },
                () = notified => {}
                // What happened just before it was waited for.
                () = tokio::time::sleep(Duration::from_millis(50)) => {}
            }
        }
        self.say(&format!("{tag} OK done")).await;
        Ok(())
    }

    /// What is sent before the tagged answer, each with its line end, and that answer.
    fn answer(&mut self, command: &str) -> Result<(Vec<String>, String), Gone> {
        let mut state = self.server.state.lock().unwrap();
        // The search for leftovers shows no new mail.
        if command.starts_with("UID SEARCH") && command != "UID SEARCH DELETED" {
            self.known = state.changes;
        }
        let ok = |data| Ok((data, "OK done".to_owned()));
        let words: Vec<_> = command.split(' ').collect();
        match words.as_slice() {
            ["SELECT", ..] => {
                let validity = state.uid_validity.map(|validity| format!("* OK [UIDVALIDITY {validity}] valid\r\n"));
                ok(vec![
                    format!("* {} EXISTS\r\n", state.messages.len()),
                    validity.unwrap_or_default(),
                    state.selected.to_owned(),
                ])
            }
            ["UID", "SEARCH", program @ ..] => {
                let found = |flags: &BTreeSet<String>| program.iter().all(|key| finds(key, flags));
                let found = state.messages.iter().filter(|(_, flags)| found(flags)).map(|(uid, _)| format!(" {uid}"));
                ok(vec![format!("* SEARCH{}\r\n", found.collect::<String>())])
            }
            ["UID", "FETCH", set, what @ ..] => {
                let what = what.join(" ");
                let fetched = covered(set, &state).into_iter().map(|uid| {
                    let body = body(uid);
                    if what.contains("RFC822.SIZE") {
                        format!("* {uid} FETCH (UID {uid} RFC822.SIZE {})\r\n", body.len())
                    } else {
                        format!("* {uid} FETCH (UID {uid} BODY[] {{{}}}\r\n{body})\r\n", body.len())
                    }
                });
                ok(fetched.collect())
            }
            ["UID", "STORE", set, "+FLAGS.SILENT", flags @ ..] => store(&mut state, set, flags),
            ["UID", "EXPUNGE", _] | ["EXPUNGE"] => {
                if let Some(refusal) = state.refuses_expunge {
                    return Ok((Vec::new(), refusal.to_owned()));
                }
                let given = words.get(2).map(|set| covered(set, &state));
                let goes = |uid: &u32| given.as_ref().is_none_or(|given| given.contains(uid));
                state.messages.retain(|uid, flags| !(flags.contains("\\Deleted") && goes(uid)));
                ok(Vec::new())
            }
            _ => ok(Vec::new()),
        }
    }
}

fn store(state: &mut State, set: &str, flags: &[&str]) -> Result<(Vec<String>, String), Gone> {
    let uids = covered(set, state);
    if uids.iter().any(|uid| state.hangs_up_at.contains(uid)) {
        return Err(Gone);
    }
    if let Some(refusal) = uids.iter().find_map(|uid| state.refuses.get(uid)) {
        return Ok((Vec::new(), (*refusal).to_owned()));
    }
    if !state.forgets_flags {
        for uid in uids {
            let set = state.messages.entry(uid).or_default();
            set.extend(flags.iter().map(|flag| flag.trim_matches(['(', ')']).to_owned()));
        }
    }
    if state.replies_lost > 0 {
        state.replies_lost -= 1;
        return Err(Gone);
    }
    Ok((Vec::new(), "OK done".to_owned()))
}

fn finds(key: &str, flags: &BTreeSet<String>) -> bool {
    match key {
        "UNSEEN" => !flags.contains("\\Seen"),
        "UNDELETED" => !flags.contains("\\Deleted"),
        "DELETED" => flags.contains("\\Deleted"),
        "ALL" => true,
        key => panic!("the odd server does not know {key}"),
    }
}

/// Those UIDs of `set` that are there.
fn covered(set: &str, state: &State) -> Vec<u32> {
    let ranges = set.split(',').map(|range| range.split_once(':').unwrap_or((range, range)));
    let ranges: Vec<(u32, u32)> = ranges.map(|(a, b)| (a.parse().unwrap(), b.parse().unwrap())).collect();
    let wanted = |uid: &&u32| ranges.iter().any(|(first, last)| (first..=last).contains(uid));
    state.messages.keys().filter(wanted).copied().collect()
}

/// The message of this UID.
pub fn body(uid: u32) -> String {
    format!("Subject: message {uid}\r\n\r\nbody\r\n")
}
