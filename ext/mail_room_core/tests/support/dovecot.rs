//! A private Dovecot 2.3 on a free port with one user, for root and for ordinary users; stopped on drop.

use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, net};

/// Whoever runs Dovecot as root needs another user for the mail.
const NOBODY: u32 = 65534;

/// A running server. Its user's mail is in `maildir`, in Maildir++.
pub struct Dovecot {
    pub port: u16,
    pub tls_port: u16,
    pub maildir: PathBuf,
    /// The certificate, self-signed, for localhost.
    pub certificate: PathBuf,
    directory: tempfile::TempDir,
    child: Child,
    owner: Option<u32>,
}

impl Dovecot {
    /// Starts one and waits until it listens.
    pub fn start() -> Self {
        Self::start_below("")
    }

    /// Starts one whose user has all mailboxes below this prefix (`INBOX.`).
    pub fn start_below(prefix: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        fs::set_permissions(root, fs::Permissions::from_mode(0o755)).unwrap();
        let uid = fs::metadata(root).unwrap().uid();
        let owner = (uid == 0).then_some(NOBODY);
        let maildir = root.join("Maildir");
        let (port, tls_port) = (free_port(), free_port());
        let identity = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let certificate = root.join("server.pem");
        fs::write(&certificate, identity.cert.pem()).unwrap();
        fs::write(root.join("server.key"), identity.signing_key.serialize_pem()).unwrap();
        let user = String::from_utf8(Command::new("id").arg("-un").output().unwrap().stdout).unwrap();
        let group = String::from_utf8(Command::new("id").arg("-gn").output().unwrap().stdout).unwrap();
        let (users, unchrooted) = match owner {
            Some(_) => (String::new(), ""),
            None => (
                format!(
                    "default_internal_user = {0}\ndefault_internal_group = {1}\ndefault_login_user = {0}\n",
                    user.trim(),
                    group.trim()
                ),
                "chroot =\n",
            ),
        };
        let mail_uid = owner.unwrap_or(uid);
        let mail_gid = owner.unwrap_or_else(|| fs::metadata(root).unwrap().gid());
        let configuration = format!(
            "base_dir = {root}/run\nstate_dir = {root}/state\nlog_path = {root}/log\nprotocols = imap\nlisten = 127.0.0.1\n\
             {users}first_valid_uid = 1\nssl = yes\nssl_cert = <{root}/server.pem\nssl_key = <{root}/server.key\n\
             disable_plaintext_auth = no\nmail_location = maildir:{root}/Maildir\nmail_max_userip_connections = 100\n\
             namespace inbox {{\n  inbox = yes\n  prefix = {prefix}\n}}\n\
             passdb {{\n  driver = static\n  args = password={password}\n}}\n\
             userdb {{\n  driver = static\n  args = uid={mail_uid} gid={mail_gid} home={root}\n}}\n\
             service anvil {{\n  {unchrooted}}}\nservice stats {{\n  {unchrooted}}}\n\
             service imap-login {{\n  {unchrooted}  inet_listener imap {{\n    port = {port}\n  }}\n  \
             inet_listener imaps {{\n    port = {tls_port}\n    ssl = yes\n  }}\n}}\n",
            root = root.display(),
            password = super::PASSWORD,
        );
        fs::write(root.join("dovecot.conf"), configuration).unwrap();
        let child = Command::new("dovecot")
            .arg("-F")
            .arg("-c")
            .arg(root.join("dovecot.conf"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .or_else(|_| Command::new("/usr/sbin/dovecot").arg("-F").arg("-c").arg(root.join("dovecot.conf")).spawn())
            .expect("dovecot is needed for this test: apt-get install dovecot-imapd");
        let server = Self { port, tls_port, maildir, certificate, directory, child, owner };
        server.folder("");
        server.wait_until_it_listens();
        server
    }

    fn wait_until_it_listens(&self) {
        let until = Instant::now() + Duration::from_secs(15);
        while net::TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(Instant::now() < until, "dovecot does not start: {}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// What Dovecot logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.directory.path().join("log")).unwrap_or_default()
    }

    /// Runs doveadm for the user.
    pub fn doveadm(&self, command: &[&str]) {
        let (verb, rest) = command.split_at(2);
        let mut doveadm = Command::new("doveadm");
        doveadm.arg("-c").arg(self.directory.path().join("dovecot.conf")).args(verb);
        let output = doveadm.args(["-u", "me@example.com"]).args(rest).output().unwrap();
        assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// The file of the message whose name begins so, in INBOX.
    pub fn file(&self, name: &str) -> PathBuf {
        let mut files = ["cur", "new"].into_iter().flat_map(|part| fs::read_dir(self.maildir.join(part)).unwrap());
        let found = files.find_map(|file| {
            Some(file.ok()?.path())
                .filter(|path| path.file_name().is_some_and(|found| found.to_string_lossy().starts_with(name)))
        });
        found.unwrap()
    }

    /// Makes a folder, by its name in modified UTF-7; empty for INBOX.
    pub fn folder(&self, name: &str) {
        let path = if name.is_empty() { self.maildir.clone() } else { self.maildir.join(format!(".{name}")) };
        for part in [path.clone(), path.join("cur"), path.join("new"), path.join("tmp")] {
            fs::create_dir_all(&part).unwrap();
            self.own(&part);
        }
    }

    /// Puts a new message into INBOX. `name` sorts in the order of UIDs.
    pub fn deliver(&self, name: &str, mail: &[u8]) {
        self.deliver_into("", name, mail);
    }

    /// Puts a new message into a folder.
    pub fn deliver_into(&self, folder: &str, name: &str, mail: &[u8]) {
        let path = if folder.is_empty() { self.maildir.clone() } else { self.maildir.join(format!(".{folder}")) };
        let (written, delivered) = (path.join("tmp").join(name), path.join("new").join(name));
        fs::write(&written, mail).unwrap();
        self.own(&written);
        fs::rename(written, delivered).unwrap();
    }

    /// How many messages lie in INBOX.
    pub fn messages(&self) -> usize {
        ["cur", "new"].iter().map(|part| fs::read_dir(self.maildir.join(part)).unwrap().count()).sum()
    }

    fn own(&self, path: &Path) {
        if let Some(owner) = self.owner {
            chown(path, Some(owner), Some(owner)).unwrap();
        }
    }

    /// Stops the server, with all its connections.
    pub fn stop(&mut self) {
        // The master takes its children with it; killed outright it would leave them for a while.
        let id = self.child.id().to_string();
        let _ = Command::new("kill").args(["-TERM", &id]).status();
        let _ = self.child.wait();
    }
}

impl Drop for Dovecot {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|ended| ended.is_none()) {
            self.stop();
        }
    }
}

fn free_port() -> u16 {
    net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
