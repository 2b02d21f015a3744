//! The bindings that rb-sys includes: stored ones that fit this Ruby, or, with the feature `generate_bindings`, those that bindgen makes of its
//! headers.

use std::borrow::Cow;
use std::env;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

#[cfg(not(feature = "generate_bindings"))]
use crate::stored::Stored;
use crate::{Error, RbConfig, RubyEngine};

/// Constants whose values become `cfg(ruby_name = "true")`, by how they begin.
const CONDITIONS: &[&str] = &["HAVE_RB", "HAVE_RUBY", "RUBY_DEBUG", "RUBY_NDEBUG", "USE_"];

/// Writes the bindings for this Ruby into cargo's folder for what is generated, and tells cargo, and `captured`, which conditions hold.
///
/// # Errors
///
/// This is not MRI; no stored bindings fit, or bindgen does not make any; the file cannot be written.
pub fn generate(config: &RbConfig, _is_static: bool, captured: &mut File) -> Result<PathBuf, Error> {
    if config.ruby_engine() != RubyEngine::Mri {
        return Err(format!("this gem is for CRuby, and this is {}", config.ruby_engine()).into());
    }
    // What is asserted about them may not hold for those of tomorrow.
    for folder in ["rubyhdrdir", "rubyarchhdrdir"].into_iter().filter_map(|key| config.get(key)) {
        println!("cargo:rerun-if-changed={folder}");
    }
    let bindings = for_ruby(config)?;
    tell_conditions(&bindings, captured)?;
    let path = Path::new(&env::var("OUT_DIR")?).join(format!("bindings-{}.rs", config.ruby_version_slug()));
    fs::write(&path, bindings.as_bytes())?;
    Ok(path)
}

#[cfg(feature = "generate_bindings")]
fn for_ruby(config: &RbConfig) -> Result<Cow<'static, str>, Error> {
    Ok(Cow::Owned(crate::generate::bindings(config)?.rust))
}

#[cfg(not(feature = "generate_bindings"))]
fn for_ruby(config: &RbConfig) -> Result<Cow<'static, str>, Error> {
    const ADVICE: &str =
        "Build with `--features generate_bindings`, which needs libclang (`gem install` does that by itself)";
    let version =
        config.major_minor().map_or_else(|| "unknown".to_owned(), |(major, minor)| format!("{major}.{minor}"));
    let stored =
        Stored::of(config).ok_or_else(|| format!("there are no stored bindings for Ruby {version}. {ADVICE}"))?;
    stored.check(&mut crate::cc::compiler(config), Path::new(&env::var("OUT_DIR")?)).map_err(|error| {
        format!(
            "the stored bindings for Ruby {version} do not fit its headers in {}: {error}. {ADVICE}",
            config.get("rubyhdrdir").unwrap_or_default()
        )
    })?;
    Ok(Cow::Borrowed(stored.bindings))
}

/// Tells cargo the `cfg`s of this crate, and in variables (`DEP_RB_DEFINES_name`) the crates above it.
fn tell_conditions(bindings: &str, captured: &mut File) -> Result<(), Error> {
    for (name, value) in constants(bindings) {
        if CONDITIONS.iter().any(|prefix| name.starts_with(prefix)) {
            let (name, holds) = (name.to_lowercase(), value != "0");
            println!(r#"cargo:rustc-check-cfg=cfg(ruby_{name}, values("true", "false"))"#);
            println!(r#"cargo:rustc-cfg=ruby_{name}="{holds}""#);
            println!("cargo:defines_{name}={holds}");
            writeln!(captured, "cargo:defines_{name}={holds}")?;
        }
        if name == "RUBY_ABI_VERSION" {
            println!("cargo:ruby_abi_version={value}");
            writeln!(captured, "cargo:ruby_abi_version={value}")?;
        }
    }
    Ok(())
}

/// The constants that have a number, one a line as they are printed: `pub const USE_FLONUM: u32 = 1;`.
fn constants(bindings: &str) -> impl Iterator<Item = (&str, &str)> {
    bindings.lines().filter_map(|line| {
        let (name, rest) = line.trim().strip_prefix("pub const ")?.split_once(": ")?;
        let (_, value) = rest.strip_suffix(';')?.split_once(" = ")?;
        value.bytes().all(|octet| octet.is_ascii_digit()).then_some((name, value))
    })
}

#[cfg(test)]
mod tests {
    use super::constants;

    #[test]
    fn finds_the_constants_that_have_a_number() {
        let bindings = "    pub const USE_FLONUM: u32 = 1;\npub const X: &[u8; 2] = b\"a\\0\";\n  pub const RUBY_A: ruby_b = ruby_b::RUBY_C;\npub const RUBY_DEBUG: u32 = 0;";
        assert_eq!(constants(bindings).collect::<Vec<_>>(), [("USE_FLONUM", "1"), ("RUBY_DEBUG", "0")]);
    }
}
