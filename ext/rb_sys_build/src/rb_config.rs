//! Which Ruby this is. Its `RbConfig::CONFIG`, as far as rb-sys reads it. What the environment says (`RBCONFIG_name`, set by the rb_sys gem, also
//! when it compiles for another platform) comes before what the `ruby` of this machine says.

use std::collections::BTreeMap;
use std::collections::btree_map::Keys;
use std::process::Command;
use std::{env, fmt, process};

use crate::Error;

/// All that is read, here and in rb-sys.
const KEYS: &[&str] = &[
    "CC",
    "CPPFLAGS",
    "CROSS_COMPILING",
    "ENABLE_SHARED",
    "LIBRUBY_A",
    "MAJOR",
    "MINOR",
    "PATCHLEVEL",
    "RUBY_API_VERSION",
    "RUBY_PROGRAM_VERSION",
    "RUBY_SO_NAME",
    "TEENY",
    "arch",
    "archincludedir",
    "cflags",
    "includedir",
    "libdir",
    "platform",
    "prefix",
    "ruby_install_name",
    "ruby_version",
    "rubyarchhdrdir",
    "rubyhdrdir",
    "target_os",
];
/// Between a name and its value, and between values: neither is in any.
const UNIT: char = '\u{1f}';
const RECORD: char = '\u{1e}';

/// The configuration of the Ruby that is built for.
#[derive(Debug, Default)]
pub struct RbConfig {
    values: BTreeMap<String, String>,
    link_args: Vec<String>,
    blocked: Vec<String>,
}

/// Which implementation of Ruby.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RubyEngine {
    /// CRuby.
    Mri,
    /// Refused by [`crate::bindings::generate`].
    TruffleRuby,
    /// Refused by [`crate::bindings::generate`]: it has no C API.
    JRuby,
}

impl fmt::Display for RubyEngine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Mri => "mri",
            Self::TruffleRuby => "truffleruby",
            Self::JRuby => "jruby",
        })
    }
}

impl RbConfig {
    /// The configuration of the Ruby that cargo builds for: the environment's, completed by the program that `RUBY` names, `ruby` without it.
    /// That program is not asked when `RBCONFIG_CROSS_COMPILING` says that it is not the Ruby that is built for.
    ///
    /// Ends the process with an error if that program cannot be run: rb-sys does not expect this to fail.
    #[must_use]
    pub fn current() -> Self {
        println!("cargo:rerun-if-env-changed=RUBY");
        let mut values = from_environment();
        let cross = values.get("CROSS_COMPILING").is_some_and(|cross| cross == "yes" || cross == "1");
        if !cross && values.len() < KEYS.len() {
            match from_ruby() {
                Ok(told) => told.into_iter().for_each(|(key, value)| {
                    values.entry(key).or_insert(value);
                }),
                Err(error) => {
                    eprintln!("{error}");
                    process::exit(1);
                }
            }
        }
        Self { values, ..Self::default() }
    }

    /// The value of `key`, without line breaks around it; `None` if this Ruby has none, or it is none of those that are read.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<String> {
        self.values.get(key).map(|value| value.trim_matches('\n').to_owned())
    }

    /// Sets the value of `key`.
    pub fn set_value_for_key(&mut self, key: &str, value: String) {
        self.values.insert(key.to_owned(), value);
    }

    /// The keys that have a value.
    pub fn all_keys(&self) -> Keys<'_, String, String> {
        self.values.keys()
    }

    /// Ruby's version, without its last part: `(3, 4)`.
    #[must_use]
    pub fn major_minor(&self) -> Option<(u32, u32)> {
        Some((self.get("MAJOR")?.parse().ok()?, self.get("MINOR")?.parse().ok()?))
    }

    /// Names implementation, platform and version in a file name.
    #[must_use]
    pub fn ruby_version_slug(&self) -> String {
        let platform = self.get("platform").or_else(|| self.get("arch")).unwrap_or_default();
        let version = self.get("RUBY_PROGRAM_VERSION").or_else(|| self.get("ruby_version")).unwrap_or_default();
        format!("{}-{platform}-{version}", self.ruby_engine())
    }

    /// Which implementation this is. One of another name is taken for CRuby, whose program can be called anything.
    #[must_use]
    pub fn ruby_engine(&self) -> RubyEngine {
        match self.values.get("ruby_install_name").map(String::as_str) {
            Some("jruby") => RubyEngine::JRuby,
            Some("truffleruby") => RubyEngine::TruffleRuby,
            _ => RubyEngine::Mri,
        }
    }

    /// Whether extensions have to say which version of the ABI they are for: development versions since 3.2 ask.
    #[must_use]
    pub fn has_ruby_dln_check_abi(&self) -> bool {
        self.major_minor() >= Some((3, 2)) && self.get("PATCHLEVEL").as_deref() == Some("-1")
    }

    /// The library's name with shared linking: `ruby-3.4`.
    #[must_use]
    pub fn libruby_so_name(&self) -> String {
        self.get("RUBY_SO_NAME").unwrap_or_else(|| "ruby".to_owned())
    }

    /// The library's name with static linking: `ruby-3.4-static`.
    #[must_use]
    pub fn libruby_static_name(&self) -> String {
        match self.get("LIBRUBY_A") {
            Some(file) => file.trim_start_matches("lib").trim_end_matches(".a").to_owned(),
            None => format!("{}-static", self.libruby_so_name()),
        }
    }

    /// Whether the headers are those of the system that cargo compiles for.
    ///
    /// # Errors
    ///
    /// They are not, or it is neither Linux nor macOS.
    pub fn validate_cargo_target(&self) -> Result<(), String> {
        match (env::var("TARGET"), self.get("target_os")) {
            (Ok(target), Some(ruby)) => same_system(&ruby, &target),
            _ => Ok(()),
        }
    }

    /// Adds arguments for the linker, separated by white space. Those of Ruby's own `DLDFLAGS` are not among them: what they link is libruby's.
    pub fn push_dldflags(&mut self, flags: &str) -> &mut Self {
        self.link_args.extend(flags.split_whitespace().map(str::to_owned));
        self
    }

    /// Drops a library from what is linked.
    pub fn blocklist_lib(&mut self, name: &str) -> &mut Self {
        self.blocked.push(format!("-l{name}"));
        self
    }

    /// Drops an argument of the linker.
    pub fn blocklist_link_arg(&mut self, argument: &str) -> &mut Self {
        self.blocked.push(argument.to_owned());
        self
    }

    /// Stops the build: an extension finds Ruby in the process that loads it.
    pub fn link_ruby(&mut self, _is_static: bool) -> &mut Self {
        println!(
            "cargo::error=this gem does not link libruby: build it without the feature `link-ruby`, on Linux or macOS"
        );
        self
    }

    /// Tells cargo the arguments of the linker; and rb-sys-env, which passes them on, in the encoding that it reads.
    pub fn print_cargo_args(&self) {
        let lines: Vec<_> = self
            .link_args
            .iter()
            .filter(|argument| !self.blocked.contains(argument))
            .map(|argument| format!("cargo:rustc-link-arg={argument}"))
            .collect();
        for line in &lines {
            println!("{line}");
        }
        println!("cargo:encoded_cargo_args={}", lines.join("\u{1e}"));
    }
}

fn from_environment() -> BTreeMap<String, String> {
    let mut values = BTreeMap::new();
    for key in KEYS {
        let variable = format!("RBCONFIG_{key}");
        println!("cargo:rerun-if-env-changed={variable}");
        if let Ok(value) = env::var(&variable) {
            values.insert((*key).to_owned(), value);
        }
    }
    values
}

/// Asks the program.
fn from_ruby() -> Result<BTreeMap<String, String>, Error> {
    let ruby = env::var_os("RUBY").unwrap_or_else(|| "ruby".into());
    let script = r#"print RbConfig::CONFIG.slice(*ARGV).map { |pair| pair.join("\x1f") }.join("\x1e")"#;
    let output = Command::new(&ruby)
        .args(["--disable-gems", "-rrbconfig", "-e", script])
        .args(KEYS)
        .env_remove("RUBYOPT")
        .output()
        .map_err(|error| {
            format!("{} cannot be run: {error}. Put ruby on PATH, or name it in RUBY", ruby.to_string_lossy())
        })?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(
            format!("{} does not tell its configuration ({}): {said}", ruby.to_string_lossy(), output.status).into()
        );
    }
    Ok(parse(&String::from_utf8_lossy(&output.stdout)))
}

fn parse(told: &str) -> BTreeMap<String, String> {
    told.split(RECORD)
        .filter_map(|pair| pair.split_once(UNIT))
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}

/// `ruby` is `RbConfig::CONFIG["target_os"]` ("linux", "linux-gnu", "linux-musl", "darwin24"), `target` a target of rustc.
fn same_system(ruby: &str, target: &str) -> Result<(), String> {
    let system = |name: &str| ["linux", "darwin"].into_iter().find(|system| name.contains(system));
    match (system(ruby), system(target)) {
        (Some(ours), Some(theirs)) if ours == theirs => Ok(()),
        (_, None) => Err(format!("this gem runs on Linux and macOS, and cargo compiles for {target}")),
        _ => Err(format!(
            "this Ruby is for {ruby}, and cargo compiles for {target}: name the Ruby of that platform in RUBY, or compile in rb-sys-dock"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::{RbConfig, RubyEngine, from_ruby, parse, same_system};

    fn config(pairs: &[(&str, &str)]) -> RbConfig {
        let mut config = RbConfig::default();
        for (key, value) in pairs {
            config.set_value_for_key(key, (*value).to_owned());
        }
        config
    }

    #[test]
    fn reads_what_the_ruby_of_this_machine_says() {
        let told = from_ruby().unwrap();
        assert!(std::path::Path::new(told.get("rubyhdrdir").unwrap()).join("ruby.h").exists());
        assert!(told.get("MAJOR").unwrap().parse::<u32>().unwrap() >= 3);
    }

    #[test]
    fn keeps_values_with_equals_signs_and_line_breaks() {
        let told = parse("CPPFLAGS\u{1f}-DA=1 -DB\n\u{1e}MAJOR\u{1f}3\u{1e}broken");
        assert_eq!(
            told.into_iter().collect::<Vec<_>>(),
            [("CPPFLAGS".into(), "-DA=1 -DB\n".into()), ("MAJOR".into(), "3".into())]
        );
    }

    #[test]
    fn names_the_ruby() {
        let ruby = config(&[
            ("MAJOR", "3"),
            ("MINOR", "4"),
            ("arch", "aarch64-linux"),
            ("RUBY_PROGRAM_VERSION", "3.4.1\n"),
            ("LIBRUBY_A", "libruby-3.4-static.a"),
        ]);
        assert_eq!(ruby.major_minor(), Some((3, 4)));
        assert_eq!(ruby.ruby_version_slug(), "mri-aarch64-linux-3.4.1");
        assert_eq!((ruby.libruby_so_name(), ruby.libruby_static_name()), ("ruby".into(), "ruby-3.4-static".into()));
        assert_eq!(config(&[("ruby_install_name", "truffleruby")]).ruby_engine(), RubyEngine::TruffleRuby);
        assert_eq!(config(&[("ruby_install_name", "ruby3.1")]).ruby_engine(), RubyEngine::Mri);
    }

    #[test]
    fn knows_which_rubies_check_the_abi() {
        let asks = |major, minor, patch| {
            config(&[("MAJOR", major), ("MINOR", minor), ("PATCHLEVEL", patch)]).has_ruby_dln_check_abi()
        };
        assert_eq!(
            [asks("3", "1", "-1"), asks("3", "2", "-1"), asks("3", "4", "0"), asks("4", "1", "-1")],
            [false, true, false, true]
        );
        assert!(!config(&[("PATCHLEVEL", "-1")]).has_ruby_dln_check_abi());
    }

    #[test]
    fn refuses_a_ruby_of_another_system() {
        assert_eq!(same_system("linux-musl", "aarch64-unknown-linux-musl"), Ok(()));
        assert_eq!(same_system("darwin24", "aarch64-apple-darwin"), Ok(()));
        assert!(same_system("linux-gnu", "aarch64-apple-darwin").unwrap_err().contains("for linux-gnu"));
        assert!(same_system("mingw32", "x86_64-pc-windows-gnu").unwrap_err().contains("Linux and macOS"));
    }
}
