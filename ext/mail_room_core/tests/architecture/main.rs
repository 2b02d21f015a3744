//! docs/architecture.md is true: a folder imports only from folders below it in the picture there, and no folders or files
//! import each other in a circle. Test code may import what it likes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod circles;
mod imports;
mod sizes;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use circles::circles;
use imports::{Import, Module, Sources};

/// Circles that are known and are to be mended. A circle that is gone must be taken off this list.
const KNOWN_CIRCLES: &[&[&str]] = &[];

/// Imports from above that are known and are to be mended: who imports, and what. One that is gone must be taken off this list.
const KNOWN_UPWARD: &[(&str, &str)] = &[];

fn sources() -> Sources {
    Sources::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"))
}

/// Those of the crate that reads messages, which is all one layer.
fn matching() -> Sources {
    Sources::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../mail_room_matching/src"))
}

fn document() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/architecture.md")).unwrap()
}

/// The top-level folders as the picture in docs/architecture.md lists them, highest first: the first word of each line that
/// is not indented.
fn layers() -> Vec<String> {
    let document = document();
    let picture = document.split("```").nth(1).unwrap();
    let lines = picture.lines().skip(1).filter(|line| line.starts_with(|first: char| first.is_ascii_lowercase()));
    lines.filter_map(|line| line.split_whitespace().next()).map(Into::into).collect()
}

#[test]
fn the_document_lists_each_top_level_folder_once() {
    let layers = layers();
    let listed: BTreeSet<&str> = layers.iter().map(String::as_str).collect();
    assert_eq!(listed.len(), layers.len(), "listed twice: {layers:?}");
    let sources = sources();
    let folders: BTreeSet<&str> = sources.modules().filter_map(|module| Some(module.first()?.as_str())).collect();
    assert_eq!(listed, folders);
}

#[test]
fn the_document_names_files_that_exist() {
    let core = Path::new(env!("CARGO_MANIFEST_DIR"));
    let document = document();
    let quoted: Vec<&str> = document.lines().flat_map(|line| line.split('`').skip(1).step_by(2)).collect();
    let paths: Vec<&str> = quoted
        .into_iter()
        .filter(|path| [".rs", ".rb", ".lua"].iter().any(|ending| path.ends_with(ending)) && !path.contains('*'))
        .collect();
    assert!(paths.len() > 40, "{paths:?}");
    let exists = |path: &&str| ["src", "..", "../.."].iter().any(|folder| core.join(folder).join(path).is_file());
    let missing: Vec<_> = paths.into_iter().filter(|path| !exists(path)).collect();
    assert!(missing.is_empty(), "no such files: {missing:?}");
}

#[test]
fn a_folder_imports_only_from_folders_below_it() {
    let layers = layers();
    let place = |module: &Module| layers.iter().position(|layer| Some(layer) == module.first());
    let sources = sources();
    let upward: BTreeSet<_> = sources
        .imports()
        .iter()
        .filter(|import| place(&import.from) > place(&import.to) && place(&import.to).is_some())
        .map(|import| (import.from.join("::"), import.to.join("::")))
        .collect();
    let known = KNOWN_UPWARD.iter().map(|(from, to)| ((*from).to_owned(), (*to).to_owned())).collect();
    assert_eq!(upward, known, "left: what imports from above it in docs/architecture.md; right: what is known to");
}

#[test]
fn neither_folders_nor_files_import_each_other_in_a_circle() {
    let matching = matching();
    assert!(matching.imports().len() > 10, "{:?}", matching.imports());
    let found = [circles(sources().imports()), circles(matching.imports())].concat();
    let is_part_of =
        |circle: &BTreeSet<String>, known: &[&str]| circle.iter().all(|module| known.contains(&module.as_str()));
    let new: Vec<_> =
        found.iter().filter(|circle| !KNOWN_CIRCLES.iter().any(|known| is_part_of(&circle.members, known))).collect();
    assert!(new.is_empty(), "these import each other in a circle: {new:#?}");
    let gone: Vec<_> =
        KNOWN_CIRCLES.iter().filter(|known| !found.iter().any(|circle| is_part_of(&circle.members, known))).collect();
    assert!(gone.is_empty(), "no circle any more, take them off KNOWN_CIRCLES: {gone:#?}");
}

/// Imports of a small crate that holds each form once.
#[test]
fn every_form_of_import_is_read() {
    let directory = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = directory.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("lib.rs", "mod a; mod b; pub use b::Thing;");
    write("a.rs", "mod child; #[cfg(test)] mod tests; use crate::b::{self, deep::{Deep as D, other}, Thing};");
    write(
        "a/child.rs",
        r#"//! crate::b::comment
        use super::super::b::deep::Deep;
        fn f() -> crate::b::Thing { println!("crate::b::text {}", crate::b::macros::M); super::f() }
        #[cfg(test)] mod tests { use crate::b::tested; }
        #[cfg(test)] use crate::b::tested;
        #[cfg(any(test, fuzzing))] fn g() { crate::b::tested::f() }
        #[cfg(not(test))] fn h() { crate::b::untested::f() }
        mod inner { use super::super::super::b::inner::I; }
        "#,
    );
    write("a/tests.rs", "use crate::b::tested;");
    write("b/mod.rs", "mod deep; mod macros; mod tested; mod untested; mod inner; mod thing; pub use thing::Thing;");
    for name in ["deep", "macros", "tested", "untested", "inner", "thing"] {
        write(&format!("b/{name}.rs"), "");
    }
    write("b/macros.rs", "use super::Thing; use crate::Thing as Again;");
    let sources = Sources::read(directory.path());
    let told = |Import { from, to }: &Import| format!("{} -> {}", from.join("::"), to.join("::"));
    let imports: BTreeSet<_> = sources.imports().iter().map(told).collect();
    let expected = [
        "a -> b",
        "a -> b::deep",
        "a -> b::thing",
        "a::child -> a",
        "a::child -> b::deep",
        "a::child -> b::inner",
        "a::child -> b::macros",
        "a::child -> b::thing",
        "a::child -> b::untested",
        "b::macros -> b::thing",
    ];
    assert_eq!(imports, expected.map(Into::into).into());
    assert!(circles(sources.imports()).is_empty());

    write("b/deep.rs", "use crate::a::child;");
    let found = circles(Sources::read(directory.path()).imports());
    let members: Vec<_> = found.into_iter().map(|circle| circle.members).collect();
    assert_eq!(members, [["a".to_owned(), "b".to_owned()].into()]);
}
