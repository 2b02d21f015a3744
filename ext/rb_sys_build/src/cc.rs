//! Compiles C against Ruby's headers, by the crate cc: for a Ruby whose internals rb-sys does not know in Rust.

use std::path::PathBuf;

use crate::{Error, RbConfig};

/// C files that become a static library.
#[derive(Debug, Default)]
pub struct Build {
    files: Vec<PathBuf>,
}

impl Build {
    /// Without files.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file.
    pub fn file(&mut self, file: PathBuf) {
        println!("cargo:rerun-if-changed={}", file.display());
        self.files.push(file);
    }

    /// Compiles the files into the library `name`, and tells cargo to link it.
    ///
    /// # Errors
    ///
    /// There is no C compiler, or it refuses a file.
    pub fn try_compile(self, name: &str) -> Result<(), Error> {
        Ok(compiler(&RbConfig::current()).files(self.files).try_compile(name)?)
    }
}

/// The C compiler for the platform that cargo compiles for, with the flags that Ruby's headers need.
pub(crate) fn compiler(config: &RbConfig) -> cc::Build {
    let mut build = cc::Build::new();
    // -w: Ruby deprecates some of what it declares.
    build.warnings(false).flag("-w").flags(header_flags(config));
    build
}

/// What tells a compiler to read the headers as Ruby itself was compiled. Nothing else of Ruby's flags: another compiler may not know them.
pub(crate) fn header_flags(config: &RbConfig) -> Vec<String> {
    let folders = ["rubyhdrdir", "rubyarchhdrdir"]
        .into_iter()
        .filter_map(|key| config.get(key))
        .map(|folder| format!("-I{folder}"));
    let flags = ["CPPFLAGS", "cflags"]
        .into_iter()
        .filter_map(|key| config.get(key))
        .flat_map(|flags| shlex::split(&flags).unwrap_or_default());
    folders.chain(flags.filter(|flag| changes_layouts(flag))).collect()
}

/// Preprocessor symbols and folders; and what makes a type larger or smaller.
fn changes_layouts(flag: &str) -> bool {
    let layout =
        ["-fpack-struct", "-fshort-enums", "-fshort-wchar", "-funsigned-char", "-fsigned-char", "-fms-extensions"];
    // An argument of its own is no flag, and those in `$(…)` are for a Makefile.
    (["-D", "-U", "-I"].iter().any(|prefix| flag.len() > 2 && flag.starts_with(prefix)) && !flag.contains("$("))
        || ["-m32", "-m64", "-mx32"].contains(&flag)
        || layout.iter().any(|prefix| flag.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::header_flags;
    use crate::RbConfig;

    #[test]
    fn takes_what_changes_layouts_and_no_more() {
        let mut config = RbConfig::default();
        config.set_value_for_key("rubyhdrdir", "/opt/my ruby/include".into());
        config.set_value_for_key("CPPFLAGS", "-I. -D_FORTIFY_SOURCE=2 -D 'A=b c' $(DEFS) -I$(hdrdir)".into());
        config.set_value_for_key("cflags", "-O3 -fexcess-precision=fast -m32 -fshort-enums -Wall".into());
        assert_eq!(
            header_flags(&config),
            ["-I/opt/my ruby/include", "-I.", "-D_FORTIFY_SOURCE=2", "-m32", "-fshort-enums"]
        );
    }
}
