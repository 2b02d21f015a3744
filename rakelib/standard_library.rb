# frozen_string_literal: true

# Rust's standard library, which rustc links into the library: its crates with their licences. Neither Cargo.lock names them, nor does a
# toolchain say it without its documentation, so they are listed here. licenses_spec compares the list with the toolchain.
module StandardLibrary
  # What it is made of. Without a version: it is the one of the Rust that compiles.
  #
  # texts: the crates of Cargo.lock that come with the same texts, by the same authors or without a name in them, and a pattern for which
  Crate = Struct.new(:name, :license, :repository, :texts) do
    alias_method :title, :name
  end

  RUST = "https://github.com/rust-lang/rust"
  BOTH = "MIT OR Apache-2.0"
  APACHE = { "cfg-if" => /APACHE/ }.freeze
  OURS = { "libc" => /LICENSE/ }.freeze
  private_constant :RUST, :BOTH, :APACHE, :OURS

  CRATES = [
    Crate.new("addr2line", "Apache-2.0 OR MIT", "https://github.com/gimli-rs/addr2line", APACHE),
    Crate.new("adler2", "0BSD OR MIT OR Apache-2.0", "https://github.com/oyvindln/adler2", APACHE),
    Crate.new("alloc", BOTH, RUST, OURS),
    Crate.new("cfg-if", BOTH, "https://github.com/rust-lang/cfg-if", { "cfg-if" => /LICENSE/ }),
    Crate.new("compiler_builtins", "MIT AND Apache-2.0 WITH LLVM-exception AND (MIT OR Apache-2.0)",
              "https://github.com/rust-lang/compiler-builtins", { **OURS, "linux-raw-sys" => /LLVM/ }),
    Crate.new("core", "(MIT OR Apache-2.0) AND Unicode-3.0", RUST, { **OURS, "unicode-ident" => /UNICODE/ }),
    Crate.new("gimli", BOTH, "https://github.com/gimli-rs/gimli", APACHE),
    Crate.new("hashbrown", BOTH, "https://github.com/rust-lang/hashbrown", { "hashbrown" => /LICENSE/ }),
    Crate.new("libc", BOTH, "https://github.com/rust-lang/libc", OURS),
    Crate.new("memchr", "Unlicense OR MIT", "https://github.com/BurntSushi/memchr", { "memchr" => /./ }),
    Crate.new("miniz_oxide", "MIT OR Zlib OR Apache-2.0", "https://github.com/Frommi/miniz_oxide", APACHE),
    Crate.new("object", "Apache-2.0 OR MIT", "https://github.com/gimli-rs/object", APACHE),
    Crate.new("panic_unwind", BOTH, RUST, OURS),
    Crate.new("rustc-demangle", BOTH, "https://github.com/rust-lang/rustc-demangle", { "cfg-if" => /LICENSE/ }),
    Crate.new("std", BOTH, RUST, OURS),
    Crate.new("std_detect", BOTH, RUST, OURS),
    Crate.new("unwind", BOTH, RUST, OURS)
  ].freeze
  # What is in a toolchain, too, and in no library: for tests, macros, profiles and panics that end the process, and empty crates.
  OTHERS = %w[getopts panic_abort proc_macro profiler_builtins rustc_literal_escaper rustc_std_workspace_alloc rustc_std_workspace_core
              rustc_std_workspace_std sysroot test unicode_width].freeze

  NOTICE = <<~TEXT
    compiler_builtins contains libm, which is derived in part from musl libc, Copyright (c) 2005-2020 Rich Felker, et al., and from the
    CORE-MATH project, both under the MIT license.
  TEXT
end
