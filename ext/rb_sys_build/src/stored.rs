//! The bindings that were generated beforehand, by `rake bindings`: for each Ruby version the bindings and a C file of assertions. A C compiler
//! accepts that file only if Ruby's headers, on this platform and as this Ruby was configured, say what the bindings say.

use std::{fs, path::Path};

use crate::{Error, HEADERS, RbConfig};

/// The bindings for one Ruby version.
pub(crate) struct Stored {
    version: (u32, u32),
    /// Rust.
    pub(crate) bindings: &'static str,
    /// C.
    assertions: &'static str,
}

macro_rules! stored {
    ($($major:literal . $minor:literal => $name:literal),* $(,)?) => {
        &[$(Stored {
            version: ($major, $minor),
            bindings: include_str!(concat!("../bindings/", $name, ".rs")),
            assertions: include_str!(concat!("../bindings/", $name, ".c")),
        }),*]
    };
}

// Two literals, because `3.1` is a number to Rust.
const STORED: &[Stored] = stored!(3 . 1 => "3.1", 3 . 2 => "3.2", 3 . 3 => "3.3", 3 . 4 => "3.4");

impl Stored {
    /// Those for this Ruby version, if there are any.
    pub(crate) fn of(config: &RbConfig) -> Option<&'static Self> {
        let version = config.major_minor()?;
        STORED.iter().find(|stored| stored.version == version)
    }

    /// Has the C compiler compare them with Ruby's headers. It says itself what differs. Writes into `folder`.
    ///
    /// # Errors
    ///
    /// They differ, or there is no C compiler.
    pub(crate) fn check(&self, compiler: &mut ::cc::Build, folder: &Path) -> Result<(), Error> {
        let folder = folder.join("assertions");
        fs::create_dir_all(&folder)?;
        fs::write(folder.join("headers.h"), HEADERS)?;
        let file = folder.join("assertions.c");
        fs::write(&file, self.assertions)?;
        compiler.file(file).out_dir(folder).cargo_metadata(false).try_compile_intermediates()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};
    use std::process::Command;
    use std::{env, fs};

    use super::{STORED, Stored};
    use crate::{RbConfig, cc};

    /// Outside of a build script cc has to be told what it compiles for.
    fn check(stored: &Stored, config: &RbConfig, folder: &Path) -> Result<(), crate::Error> {
        let told = Command::new("rustc").arg("-vV").output().unwrap().stdout;
        let target = String::from_utf8(told)
            .unwrap()
            .lines()
            .find_map(|line| line.strip_prefix("host: ").map(str::to_owned))
            .unwrap();
        stored.check(cc::compiler(config).target(&target).host(&target).opt_level(0), folder)
    }

    /// A folder of this test's own, empty.
    fn scratch(name: &str) -> PathBuf {
        let folder = env::temp_dir().join(format!("mail_room-stored-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    /// Bindings that say one thing of Ruby's headers.
    fn stored(assertion: &'static str) -> Stored {
        Stored { version: (0, 0), bindings: "", assertions: assertion }
    }

    #[test]
    fn those_of_this_ruby_fit_it_and_no_other_version() {
        let config = RbConfig::current();
        let folder = scratch("fit");
        let version = config.major_minor();
        for stored in STORED {
            // Not the text: a compiler that complains of something else would do as well.
            assert_eq!(
                check(stored, &config, &folder).is_ok(),
                version == Some(stored.version),
                "{:?}",
                stored.version
            );
        }
        assert_eq!(
            Stored::of(&config).map(|stored| stored.version),
            version.filter(|version| STORED.iter().any(|stored| stored.version == *version))
        );
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_ruby_that_was_configured_otherwise_is_refused() {
        let (config, folder) = (RbConfig::current(), scratch("configured"));
        assert!(
            check(
                &stored("#include \"headers.h\"\n_Static_assert(sizeof(VALUE) == sizeof(void *), \"\");\n"),
                &config,
                &folder
            )
            .is_ok()
        );
        assert!(
            check(
                &stored("#include \"headers.h\"\n_Static_assert(sizeof(VALUE) != sizeof(void *), \"\");\n"),
                &config,
                &folder
            )
            .is_err()
        );
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_version_without_bindings_has_none() {
        let mut config = RbConfig::default();
        assert!(Stored::of(&config).is_none());
        config.set_value_for_key("MAJOR", "2".into());
        config.set_value_for_key("MINOR", "9".into());
        assert!(Stored::of(&config).is_none());
    }

    #[test]
    fn every_file_is_known_here() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("bindings");
        let mut files: Vec<_> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        files.retain(|name| name != "headers.h" && name != "names.txt");
        files.sort();
        let known: Vec<_> = STORED
            .iter()
            .map(|stored| format!("{}.{}", stored.version.0, stored.version.1))
            .flat_map(|version| [format!("{version}.c"), format!("{version}.rs")])
            .collect();
        assert_eq!(files, known);
    }
}
