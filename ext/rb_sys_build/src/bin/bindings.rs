//! `bindings FOLDER VERSION`: writes `FOLDER/VERSION.rs` and `FOLDER/VERSION.c` for the Ruby that the environment describes (`RBCONFIG_name`,
//! `RUBY`). `rake bindings` runs it for each Ruby.

use std::{env, fs, path::Path};

use rb_sys_build::{Error, RbConfig, generate};

fn main() -> Result<(), Error> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let [folder, version] = arguments.as_slice() else { return Err("usage: bindings FOLDER VERSION".into()) };
    let made = generate::bindings(&RbConfig::current())?;
    fs::write(Path::new(folder).join(format!("{version}.rs")), made.rust)?;
    fs::write(Path::new(folder).join(format!("{version}.c")), made.c)?;
    Ok(())
}
