//! Tells the library what it was made of and for: the commit and the platform, for `mail_room --version`. The commit is read from a
//! file that the gemspec writes, because where a gem is installed there is no repository.

use std::path::Path;
use std::{env, fs};

fn main() {
    let file = Path::new("COMMIT");
    let commit = fs::read_to_string(file).unwrap_or_default();
    let commit: String = commit.trim().chars().filter(char::is_ascii_hexdigit).take(12).collect();
    println!("cargo::rustc-env=MAIL_ROOM_COMMIT={}", if commit.is_empty() { "unknown" } else { &commit });
    println!("cargo::rustc-env=MAIL_ROOM_PLATFORM={}", platform(&env::var("TARGET").unwrap_or_default()));
    // A file that is missing would have cargo run this every time: the folder's time changes when one appears.
    println!("cargo::rerun-if-changed={}", if file.exists() { "COMMIT" } else { "." });
}

/// The name that RubyGems has for the platform of a target of Rust's.
fn platform(target: &str) -> String {
    let platform = target.replace("-unknown-", "-");
    match platform.split_once("-apple-darwin") {
        Some((processor, _)) => format!("{}-darwin", if processor == "aarch64" { "arm64" } else { processor }),
        None => platform,
    }
}
