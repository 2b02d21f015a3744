# frozen_string_literal: true

require "etc"
require "open3"
require "rbconfig"
require_relative "stored_bindings"

# What compiling this gem needs, and whether it is here. Without it, a missing compiler is a page of make, and a missing libclang a panic
# of Rust's.
module Toolchain
  MANIFEST = File.expand_path("../../Cargo.toml", __dir__)
  # Where bindgen looks for libclang when neither LIBCLANG_PATH nor llvm-config tells.
  LIBCLANG = %w[
    /usr/lib*/llvm*/lib*/libclang*.{so,dylib}* /usr/lib*/**/libclang*.so* /usr/local/llvm*/lib*/libclang*.{so,dylib}*
    /usr/local/lib*/libclang*.{so,dylib}* /lib*/libclang*.so* /{opt/homebrew,usr/local}/opt/llvm*/lib/libclang*.dylib
    /Library/Developer/CommandLineTools/usr/lib/libclang.dylib /Applications/Xcode*.app/**/usr/lib/libclang.dylib
  ].freeze
  ADVICE = "On Debian and Ubuntu, `apt-get install %s` and Rust by rustup bring all of it; the compiled gem of this version, where there " \
           "is one for your platform, needs none of it"
  LIBCLANG_MISSING = "libclang (libclang-dev), because no stored bindings fit Ruby #{StoredBindings.version} as it was built here".freeze
  private_constant :MANIFEST, :LIBCLANG, :ADVICE, :LIBCLANG_MISSING

  module_function

  # @return [String, nil] one line about what is missing, nil if nothing is
  def complaint
    missing = [*rust, *compiler, *make, *headers]
    # Without a compiler or headers nobody knows whether bindings fit.
    missing.concat([*libclang]) if [*compiler, *headers].empty? && !stored_bindings?
    return if missing.empty?

    packages = ["build-essential", "ruby-dev", *("libclang-dev" if missing.include?(LIBCLANG_MISSING))]
    "gitlab-mail_room cannot be compiled here, because this is missing: #{missing.join(", ")}. #{format(ADVICE, packages.join(" "))}."
  end

  # @return [Boolean] whether bindings to this Ruby are stored, and fit it; otherwise bindgen reads its headers with libclang
  def stored_bindings?
    @stored_bindings = StoredBindings.fit? unless defined?(@stored_bindings)
    @stored_bindings
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
    "gitlab-mail_room: compiling its Rust core with #{Etc.nprocessors} processors. On two, that takes about three minutes; `--verbose` " \
      "shows what is being compiled"
  end

  def rust
    return if wanted?("RB_SYS_FORCE_INSTALL_RUST_TOOLCHAIN") # rb_sys downloads a toolchain

    needed = File.read(MANIFEST)[/^rust-version = "([\d.]+)"/, 1]
    found, said = version(cargo = ENV.fetch("CARGO", "cargo"))
    return "Rust #{needed} or later (`cargo` is #{found})" if found && Gem::Version.new(found) < Gem::Version.new(needed)
    return if found
    return "Rust #{needed} or later (#{nowhere(cargo)})" unless program?(cargo)

    # The programs that rustup installs are there before a toolchain is.
    "Rust #{needed} or later (`#{cargo} --version` fails#{said}; with rustup, run `rustup default stable`)"
  end

  def compiler
    name = RbConfig::MAKEFILE_CONFIG["CC"].to_s.split.first || "cc"
    named = ENV.fetch("CC", name).split.first || name
    "a C compiler (#{nowhere(named)})" unless program?(named)
  end

  # The one that RubyGems calls.
  def make
    configured = RbConfig::CONFIG["configure_args"].to_s[/with-make-prog=(\w+)/, 1]
    named = [ENV.fetch("MAKE", nil), ENV.fetch("make", nil), configured, "make"].compact.first.split.first.to_s
    "make (#{nowhere(named)})" unless program?(named)
  end

  def headers
    "the headers of this Ruby (ruby-dev)" unless File.exist?(File.join(RbConfig::CONFIG["rubyhdrdir"].to_s, "ruby.h"))
  end

  def libclang
    if ENV.key?("LIBCLANG_PATH") # the only place where bindgen looks then: a file or a folder
      named = ENV.fetch("LIBCLANG_PATH")
      return if File.file?(named) || Dir.glob(File.join(named, "libclang*.{so,dylib}*")).any?
    else
      return if program?(ENV.fetch("LLVM_CONFIG_PATH", "llvm-config")) || Dir.glob(LIBCLANG).any?
      return if Gem::Specification.find_all_by_name("libclang").any?
    end

    LIBCLANG_MISSING
  end

  # @return [Array(String, String)] its version, nil if it does not tell; what it says instead
  def version(cargo)
    out, err, _status = Open3.capture3(cargo, "--version")
    said = err.scrub[/\S.*/]
    [out[/\d+\.\d+\.\d+/], (": #{said.delete_prefix("error: ")}" if said)]
  rescue SystemCallError
    nil
  end

  def nowhere(program)
    return "the variable that names it is empty" if program.empty?

    program.include?("/") ? "#{program.dump} is no program" : "there is no `#{program}` on PATH"
  end

  def program?(name)
    places = name.include?("/") ? [name] : ENV.fetch("PATH", "").split(File::PATH_SEPARATOR).map { |folder| File.join(folder, name) }
    places.any? { |path| File.file?(path) && File.executable?(path) }
  end

  def wanted?(variable) = !["", "false"].include?(ENV.fetch(variable, ""))
end
