//! Small files that options name: keys, certificates, tokens. A file may lie on a network share that does not answer, or be a pipe
//! that nobody writes to. So each path is read on a thread of its own, once at a time, and with a deadline. A file that is too
//! large is refused.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use secrecy::zeroize::Zeroizing;

use crate::system::blocking::{BlockingError, Threads};

/// How long reading a file may take. It is less than any connection may take, so that the error blames the file.
pub(crate) const WITHIN: Duration = Duration::from_secs(4);
/// Files that are read of one directory, at most.
const FILES_PER_DIRECTORY: usize = 4_096;

static READS: Threads<Answer> = Threads::new("mail_room file", 3, 64);

/// The content of a file. Overwritten when dropped.
pub(crate) type Contents = Zeroizing<Vec<u8>>;

/// When a file was changed, and its size; `None` if there is no file.
pub(crate) type Stamp = Option<(SystemTime, u64)>;

#[derive(Debug)]
enum Answer {
    Stamp(Stamp),
    Contents(io::Result<Contents>),
    Directory(io::Result<Vec<Contents>>),
}

/// Why a file was not read.
#[derive(Debug)]
pub(crate) enum ReadError {
    /// The system gave this reason.
    Failed(String),
    /// A reason that may pass: it hangs, or too much else does.
    Hangs(String),
}

impl ReadError {
    /// The reason, to follow the file's name in an error.
    pub(crate) fn why(&self) -> &str {
        match self {
            Self::Failed(why) | Self::Hangs(why) => why,
        }
    }
}

impl From<BlockingError> for ReadError {
    fn from(unfinished: BlockingError) -> Self {
        Self::Hangs(match unfinished {
            BlockingError::Late(within) => {
                format!("cannot be read within {} s (a network share that does not answer?)", within.as_secs())
            }
            other => format!("cannot be read: {other}"),
        })
    }
}

impl From<&io::Error> for ReadError {
    fn from(error: &io::Error) -> Self {
        Self::Failed(format!("cannot be read: {error}"))
    }
}

/// The content of the file, `limit` octets at most.
///
/// # Errors
/// Gives the reason, and nothing of the content.
pub(crate) async fn read(path: &Path, limit: u64) -> Result<Contents, ReadError> {
    let answer = run("read", path, move |path| Answer::Contents(read_now(path, limit))).await?;
    match &*answer {
        Answer::Contents(Ok(contents)) if octets(contents) > limit => Err(too_large(limit)),
        Answer::Contents(Ok(contents)) => Ok(contents.clone()),
        Answer::Contents(Err(error)) => Err(error.into()),
        Answer::Stamp(_) | Answer::Directory(_) => Err(ReadError::Failed("cannot be read".into())),
    }
}

/// When the file was changed, and its size.
///
/// # Errors
/// If the system does not answer in time. A missing file is no error.
pub(crate) async fn stamp(path: &Path) -> Result<Stamp, ReadError> {
    let answer = run("stamp", path, |path| {
        Answer::Stamp(path.metadata().ok().and_then(|known| Some((known.modified().ok()?, known.len()))))
    });
    match &*answer.await? {
        Answer::Stamp(stamp) => Ok(*stamp),
        Answer::Contents(_) | Answer::Directory(_) => Ok(None),
    }
}

/// The contents of the directory's files, ordered by name. Files larger than `limit`, files that cannot be read, and what is no
/// file are left out.
///
/// # Errors
/// As [`read`].
pub(crate) async fn directory(path: &Path, limit: u64) -> Result<Vec<Contents>, ReadError> {
    let answer = run("directory", path, move |path| Answer::Directory(directory_now(path, limit))).await?;
    match &*answer {
        Answer::Directory(Ok(files)) => Ok(files.clone()),
        Answer::Directory(Err(error)) => Err(error.into()),
        Answer::Stamp(_) | Answer::Contents(_) => Err(ReadError::Failed("cannot be read".into())),
    }
}

async fn run(
    kind: &str,
    path: &Path,
    work: impl FnOnce(&Path) -> Answer + Send + 'static,
) -> Result<Arc<Answer>, BlockingError> {
    let mut key = OsString::from(format!("{kind} "));
    key.push(path);
    let path = path.to_owned();
    READS.run(&key, WITHIN, move || work(&path)).await
}

/// Blocks. Reads one octet more than `limit`, to notice a file that is too large.
fn read_now(path: &Path, limit: u64) -> io::Result<Contents> {
    let mut contents = Zeroizing::new(Vec::new());
    File::open(path)?.take(limit.saturating_add(1)).read_to_end(&mut contents)?;
    Ok(contents)
}

/// Blocks.
fn directory_now(path: &Path, limit: u64) -> io::Result<Vec<Contents>> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(path)?.flatten().map(|entry| entry.path()).collect();
    files.retain(|file| file.is_file());
    files.sort();
    files.truncate(FILES_PER_DIRECTORY);
    let read = files.iter().filter_map(|file| read_now(file, limit).ok());
    Ok(read.filter(|contents| octets(contents) <= limit).collect())
}

fn octets(contents: &Contents) -> u64 {
    u64::try_from(contents.len()).unwrap_or(u64::MAX)
}

fn too_large(limit: u64) -> ReadError {
    ReadError::Failed(format!("has more than {limit} octets"))
}

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::time::Instant;

    use super::*;

    #[tokio::test]
    async fn pipes_that_nobody_writes_to_hold_up_no_other_file() {
        let directory = tempfile::tempdir().unwrap();
        let pipes: Vec<_> = (0..10).map(|number| directory.path().join(format!("pipe{number}"))).collect();
        assert!(Command::new("mkfifo").args(&pipes).status().unwrap().success());
        let hang: Vec<_> =
            pipes.iter().cloned().map(|pipe| tokio::spawn(async move { read(&pipe, 100).await })).collect();
        let file = directory.path().join("file");
        std::fs::write(&file, "hello").unwrap();
        let begun = Instant::now();
        assert_eq!(read(&file, 5).await.unwrap().as_slice(), b"hello");
        assert!(begun.elapsed() < WITHIN);
        for ended in hang {
            let why = ended.await.unwrap().unwrap_err();
            assert!(matches!(&why, ReadError::Hangs(why) if why.starts_with("cannot be read within 4 s")), "{why:?}");
        }
        // A pipe that is written to at last is read, by the one who hangs there.
        let again = tokio::spawn({
            let pipe = pipes[0].clone();
            async move { read(&pipe, 100).await }
        });
        // It has to wait for the read that hangs before that one ends.
        tokio::task::yield_now().await;
        std::fs::write(&pipes[0], "late").unwrap();
        assert!(again.await.unwrap().is_ok_and(|contents| contents.as_slice() == b"late"));
        pipes.iter().skip(1).for_each(|pipe| std::fs::write(pipe, "").unwrap());
    }

    #[tokio::test]
    async fn what_is_too_large_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("file");
        std::fs::write(&file, "hello").unwrap();
        assert_eq!(read(&file, 4).await.unwrap_err().why(), "has more than 4 octets");
        assert_eq!(read(Path::new("/dev/zero"), 4).await.unwrap_err().why(), "has more than 4 octets");
        assert!(read(directory.path(), 4).await.unwrap_err().why().starts_with("cannot be read: "));
        assert!(super::directory(directory.path(), 4).await.unwrap().is_empty());
        assert_eq!(super::directory(directory.path(), 5).await.unwrap().len(), 1);
    }
}
