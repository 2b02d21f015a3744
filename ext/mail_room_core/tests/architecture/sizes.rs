//! How long the files of the core, of matching and of the binding are. A file that is longer than this holds two concepts.

use std::fs;
use std::path::{Path, PathBuf};

const MOST_LINES: usize = 300;

/// The lines of `text` before its tests.
fn lines_without_tests(text: &str) -> usize {
    let lines: Vec<_> = text.lines().collect();
    let begins_tests =
        |pair: &[&str]| matches!(pair, ["#[cfg(test)]", module] if module.contains("mod ") && module.ends_with('{'));
    lines.windows(2).position(begins_tests).unwrap_or(lines.len())
}

fn sources(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let files = entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] });
    files.filter(|path| path.extension().is_some_and(|extension| extension == "rs")).collect()
}

#[test]
fn no_file_is_longer_than_300_lines_without_its_tests() {
    let core = Path::new(env!("CARGO_MANIFEST_DIR"));
    let crates = ["", "../mail_room_matching", "../mail_room_native"];
    let files: Vec<_> = crates.iter().flat_map(|one| sources(&core.join(one).join("src"))).collect();
    assert!(files.len() > 100, "{files:?}");
    let long: Vec<_> = files
        .into_iter()
        .map(|path| (lines_without_tests(&fs::read_to_string(&path).unwrap()), path))
        .filter(|(lines, _)| *lines > MOST_LINES)
        .collect();
    assert!(long.is_empty(), "longer than {MOST_LINES} lines: {long:?}");
}

#[test]
fn lines_are_counted_up_to_the_tests() {
    assert_eq!(lines_without_tests("a\nb\nc\n"), 3);
    assert_eq!(lines_without_tests("a\n#[cfg(test)]\nmod fixture;\nb\n\n#[cfg(test)]\nmod tests {\nc\n}\n"), 5);
    assert_eq!(lines_without_tests("a\n\n#[cfg(test)]\npub(crate) mod tests {\nc\n}\n"), 2);
}
