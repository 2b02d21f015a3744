//! Where log lines go.

use std::path::PathBuf;

use serde::Deserialize;

/// Where log lines go.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogTarget {
    /// The process's standard output.
    Stdout,
    /// The process's standard error.
    Stderr,
    /// A file, appended to; opened anew after SIGHUP.
    Path(PathBuf),
    /// The app's own logger, by the number under which the app fetches its lines.
    Ruby(usize),
}
