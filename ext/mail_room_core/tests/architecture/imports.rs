//! Which module of the core imports which, read from its source text. The text is taken apart by the tokenizer that the
//! compiler's macros use, so that comments, strings and the insides of macros are told apart.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// A module as its path below `crate`: one for each file. The crate's root is empty.
pub(crate) type Module = Vec<String>;

/// One module names another one, or something in it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Import {
    pub(crate) from: Module,
    pub(crate) to: Module,
}

/// All modules and their imports. Left out are imports in code for tests only, and those of a module's own children.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    /// What each module's code says.
    files: BTreeMap<Module, File>,
    imports: BTreeSet<Import>,
}

#[derive(Debug, Default)]
struct File {
    /// Paths that the code names, from the crate's root.
    paths: BTreeSet<Vec<String>>,
    /// What `use` calls each name here, from the crate's root.
    names: BTreeMap<String, Vec<String>>,
    /// Children that are compiled for tests only.
    test_children: BTreeSet<String>,
}

impl Sources {
    /// Reads the modules below `root`, which holds `lib.rs`.
    pub(crate) fn read(root: &Path) -> Self {
        let mut texts = BTreeMap::new();
        read_folder(root, &mut Vec::new(), &mut texts);
        let modules: BTreeSet<_> = texts.keys().cloned().collect();
        let mut sources = Self::default();
        for (module, text) in texts {
            let tokens: TokenStream = text.parse().unwrap_or_else(|error| panic!("{}: {error}", module.join("::")));
            let mut file = File::default();
            Reader { modules: &modules, file: &mut file }.code(&module, tokens);
            sources.files.insert(module, file);
        }
        sources.drop_tests();
        sources.imports = sources.resolve_all();
        sources
    }

    pub(crate) fn modules(&self) -> impl Iterator<Item = &Module> {
        self.files.keys()
    }

    pub(crate) fn imports(&self) -> &BTreeSet<Import> {
        &self.imports
    }

    fn drop_tests(&mut self) {
        let tests: Vec<Module> = self
            .files
            .iter()
            .flat_map(|(module, file)| file.test_children.iter().map(|child| joined(module, child)))
            .collect();
        self.files.retain(|module, _| !tests.iter().any(|test| module.starts_with(test)));
    }

    fn resolve_all(&self) -> BTreeSet<Import> {
        let mut imports = BTreeSet::new();
        for (from, file) in &self.files {
            for path in &file.paths {
                let to = self.resolve(path, 0);
                if !to.starts_with(from) && !to.is_empty() {
                    imports.insert(Import { from: from.clone(), to });
                }
            }
        }
        imports
    }

    /// The module that defines what `path` names, re-exports followed.
    fn resolve(&self, path: &[String], depth: usize) -> Module {
        let known = (0..=path.len()).rev().find(|length| self.files.contains_key(&path[..*length])).unwrap_or(0);
        let (module, rest) = path.split_at(known);
        let reexport = rest.first().and_then(|name| self.files.get(module)?.names.get(name));
        match reexport {
            Some(target) if depth < 8 => self.resolve(&[target, &rest[1..]].concat(), depth + 1),
            _ => module.to_vec(),
        }
    }
}

fn joined(module: &[String], child: &str) -> Module {
    [module, &[child.to_owned()]].concat()
}

fn read_folder(folder: &Path, module: &mut Module, texts: &mut BTreeMap<Module, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            module.push(stem);
            read_folder(&path, module, texts);
            module.pop();
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = if ["lib", "mod"].contains(&stem.as_str()) { module.clone() } else { joined(module, &stem) };
            texts.insert(name, fs::read_to_string(&path).unwrap());
        }
    }
}

struct Reader<'a> {
    modules: &'a BTreeSet<Module>,
    file: &'a mut File,
}

impl Reader<'_> {
    /// Reads code that stands in `module`, which may be an inline one.
    fn code(&mut self, module: &[String], tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            at = match token {
                TokenTree::Punct(mark) if mark.as_char() == '#' && is_for_tests(&tokens[at + 1..]) => {
                    self.test_item(&tokens, at + 2)
                }
                TokenTree::Ident(word) if word == "use" => {
                    let end = at + tokens[at..].iter().position(|token| is_mark(token, ';')).unwrap_or(0);
                    self.used(module, &[], &tokens[at + 1..end.max(at + 1)]);
                    end.max(at + 1)
                }
                TokenTree::Ident(word) if word == "mod" => self.inline_module(module, &tokens, at + 1),
                TokenTree::Ident(word) if is_root(&word.to_string()) => {
                    let (path, end) = path(&tokens, at);
                    if path.len() > 1 {
                        self.name(module, &path);
                    }
                    end
                }
                TokenTree::Group(group) => {
                    self.code(module, group.stream());
                    at + 1
                }
                _ => at + 1,
            };
        }
    }

    /// Skips the item that starts at `at`, behind an attribute, and notes it if it is a module in a file.
    fn test_item(&mut self, tokens: &[TokenTree], at: usize) -> usize {
        let is_end = |token: &TokenTree| {
            is_mark(token, ';') || matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace)
        };
        let is_use = tokens[at..].iter().take(4).any(|token| matches!(token, TokenTree::Ident(word) if word == "use"));
        let length = tokens[at..].iter().position(|token| if is_use { is_mark(token, ';') } else { is_end(token) });
        let end = length.map_or(tokens.len(), |length| at + length + 1);
        let item = &tokens[at..end];
        for pair in item.windows(2) {
            if let [TokenTree::Ident(word), TokenTree::Ident(name)] = pair
                && word == "mod"
                && item.last().is_some_and(|token| is_mark(token, ';'))
            {
                self.file.test_children.insert(name.to_string());
            }
        }
        end
    }

    fn inline_module(&mut self, module: &[String], tokens: &[TokenTree], at: usize) -> usize {
        if let (Some(TokenTree::Ident(name)), Some(TokenTree::Group(body))) = (tokens.get(at), tokens.get(at + 1)) {
            self.code(&joined(module, &name.to_string()), body.stream());
            return at + 2;
        }
        at
    }

    /// Reads what follows `use`, below `prefix`: a path, perhaps with a group of paths at its end.
    fn used(&mut self, module: &[String], prefix: &[String], tokens: &[TokenTree]) {
        for tokens in tokens.split(|token| is_mark(token, ',')) {
            let (tail, end) = path(tokens, 0);
            let full = [prefix, &tail].concat();
            match tokens.get(end) {
                Some(TokenTree::Group(group)) => {
                    let inner: Vec<_> = group.stream().into_iter().collect();
                    self.used(module, &full, &inner);
                }
                _ if tail.is_empty() => {}
                _ => {
                    let called = tokens.get(end + 1).map(ToString::to_string).or_else(|| tail.last().cloned());
                    self.bind(module, full, called);
                }
            }
        }
    }

    fn bind(&mut self, module: &[String], mut full: Vec<String>, called: Option<String>) {
        if full.len() > 1 && full.last().is_some_and(|name| name == "self") {
            full.pop();
        }
        let Some(path) = self.name(module, &full) else { return };
        let called = called.filter(|called| called != "self").or_else(|| full.last().cloned());
        if self.modules.contains(module) {
            self.file.names.extend(called.map(|called| (called, path)));
        }
    }

    /// Notes a path that `module` names, if it leads into the crate: as it is from the root.
    fn name(&mut self, module: &[String], path: &[String]) -> Option<Vec<String>> {
        let first = path.first()?;
        let mut rest = path;
        let mut base = match first.as_str() {
            "crate" => Vec::new(),
            "self" | "super" => module.to_vec(),
            child if self.modules.contains(&joined(module, child)) => module.to_vec(),
            _ => return None,
        };
        while let Some((word, after)) = rest.split_first().filter(|(word, _)| is_root(word)) {
            if word == "super" {
                base.pop();
            }
            rest = after;
        }
        base.extend_from_slice(rest);
        self.file.paths.insert(base.clone());
        Some(base)
    }
}

fn is_root(word: &str) -> bool {
    ["crate", "self", "super"].contains(&word)
}

fn is_mark(token: &TokenTree, mark: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == mark)
}

/// Whether the attribute that begins here says `cfg(test)`, or `cfg(any(test, …))`.
fn is_for_tests(tokens: &[TokenTree]) -> bool {
    let Some(TokenTree::Group(attribute)) = tokens.first() else { return false };
    let text = attribute.stream().to_string().replace(' ', "");
    text == "cfg(test)" || text.starts_with("cfg(any(test,")
}

/// The path that begins here, as far as it is words, and where it ends.
fn path(tokens: &[TokenTree], mut at: usize) -> (Vec<String>, usize) {
    let mut path = Vec::new();
    while let Some(TokenTree::Ident(word)) = tokens.get(at) {
        path.push(word.to_string());
        at += 1;
        if !tokens.get(at..at + 2).is_some_and(|marks| marks.iter().all(|mark| is_mark(mark, ':'))) {
            break;
        }
        at += 2;
    }
    (path, at)
}
