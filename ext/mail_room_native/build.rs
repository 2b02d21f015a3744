//! Gives the library the commit that it was built from and its platform, for `mail_room --version`. The commit comes from a file that the
//! gemspec writes, because an installed gem has no repository.

use std::path::Path;
use std::{env, fs};

fn main() {
    let file = Path::new("COMMIT");
    let commit = fs::read_to_string(file).unwrap_or_default();
    let commit: String = commit.trim().chars().filter(char::is_ascii_hexdigit).take(12).collect();
    println!("cargo::rustc-env=MAIL_ROOM_COMMIT={}", if commit.is_empty() { "unknown" } else { &commit });
    println!("cargo::rustc-env=MAIL_ROOM_PLATFORM={}", platform(&env::var("TARGET").unwrap_or_default()));
    // Full RELRO: extconf.rb has rustc ask for half of it.
    if env::var("CARGO_CFG_TARGET_OS").is_ok_and(|system| system == "linux") {
        println!("cargo::rustc-link-arg-cdylib=-Wl,-z,now");
    }
    // For a missing file cargo would run this every time. The folder's time changes when a file appears.
    println!("cargo::rerun-if-changed={}", if file.exists() { "COMMIT" } else { "." });
}

/// RubyGems' name for the platform of a Rust target.
fn platform(target: &str) -> String {
    let platform = target.replace("-unknown-", "-");
    match platform.split_once("-apple-darwin") {
        Some((processor, _)) => format!("{}-darwin", if processor == "aarch64" { "arm64" } else { processor }),
        None => platform,
    }
}
