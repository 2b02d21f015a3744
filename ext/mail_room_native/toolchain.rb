# frozen_string_literal: true

require "etc"
require "rbconfig"

# What compiling this gem needs, and whether it is here. Compiles nothing. Without it, a missing libclang is a page of make and a panic
# of Rust's.
module Toolchain
  MANIFEST = File.expand_path("../../Cargo.toml", __dir__)
  # Where bindgen looks for libclang when neither LIBCLANG_PATH nor llvm-config tells.
  LIBCLANG = %w[
    /usr/lib*/llvm*/lib*/libclang*.{so,dylib}* /usr/lib*/**/libclang*.so* /usr/local/llvm*/lib*/libclang*.{so,dylib}*
    /usr/local/lib*/libclang*.{so,dylib}* /lib*/libclang*.so* /{opt/homebrew,usr/local}/opt/llvm*/lib/libclang*.dylib
    /Library/Developer/CommandLineTools/usr/lib/libclang.dylib /Applications/Xcode*.app/**/usr/lib/libclang.dylib
  ].freeze
  ADVICE = "On Debian and Ubuntu, `apt-get install build-essential ruby-dev libclang-dev` and Rust by rustup bring all of it; " \
           "the compiled gem of this version, where there is one for your platform, needs none of it"
  private_constant :MANIFEST, :LIBCLANG, :ADVICE

  module_function

  # @return [String, nil] one line about what is missing, nil if nothing is
  def complaint
    missing = [*rust, *compiler, *headers, *libclang]
    "gitlab-mail_room cannot be compiled here, because this is missing: #{missing.join(", ")}. #{ADVICE}." unless missing.empty?
  end

  # Says `text` where whoever waits for `gem install` reads it. RubyGems keeps what extconf.rb and make print to itself, so this goes to
  # the standard error of the process that started us; where that cannot be opened, to our own.
  def say(text)
    return unless ENV.key?("SOURCE_DATE_EPOCH") # RubyGems sets it

    File.open("/proc/#{Process.ppid}/fd/2", File::WRONLY | File::APPEND | File::NONBLOCK) { |io| io.puts(text) }
  rescue SystemCallError, IOError
    warn text
  end

  def about
    "gitlab-mail_room: compiling its Rust core with #{Etc.nprocessors} processors. On two, that takes a minute or two; `--verbose` shows " \
      "what is being compiled"
  end

  def rust
    return if wanted?("RB_SYS_FORCE_INSTALL_RUST_TOOLCHAIN") # rb_sys downloads a toolchain

    needed = File.read(MANIFEST)[/^rust-version = "([\d.]+)"/, 1]
    found = version(ENV.fetch("CARGO", "cargo"))
    return "Rust #{needed} or later (there is no `cargo` on PATH)" unless found

    "Rust #{needed} or later (`cargo` is #{found})" if Gem::Version.new(found) < Gem::Version.new(needed)
  end

  def compiler
    name = RbConfig::MAKEFILE_CONFIG["CC"].to_s.split.first || "cc"
    "a C compiler (there is no `#{name}` on PATH)" unless program?(ENV.fetch("CC", name).split.first)
  end

  def headers
    "the headers of this Ruby (ruby-dev)" unless File.exist?(File.join(RbConfig::CONFIG["rubyhdrdir"].to_s, "ruby.h"))
  end

  def libclang
    return if ENV["LIBCLANG_PATH"] || program?(ENV.fetch("LLVM_CONFIG_PATH", "llvm-config")) || Dir.glob(LIBCLANG).any?
    return if Gem::Specification.find_all_by_name("libclang").any?

    "libclang (libclang-dev)"
  end

  def version(cargo)
    IO.popen([cargo, "--version"], err: File::NULL, &:read)[/\d+\.\d+\.\d+/]
  rescue SystemCallError
    nil
  end

  def program?(name)
    return File.executable?(name) if name.include?("/")

    ENV.fetch("PATH", "").split(File::PATH_SEPARATOR).any? { |folder| File.executable?(File.join(folder, name)) }
  end

  def wanted?(variable) = !["", "false"].include?(ENV.fetch(variable, ""))
end
