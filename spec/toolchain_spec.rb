# frozen_string_literal: true

require "fileutils"
require "socket"

# Whoever installs the source gem where it cannot be compiled reads one line that says what to do.
RSpec.describe "the source gem's look at the toolchain" do
  before(:context) { @gem = SourceGem.new(File.join(@folder = Dir.mktmpdir, "gem")) }
  after(:context) { FileUtils.rm_rf(@folder) }

  attr_reader :gem

  let(:folder) { @folder }

  # A folder for PATH with these programs of ours, and those scripts.
  def programs(*names, **scripts)
    path = Dir.mktmpdir(nil, folder)
    places = ENV.fetch("PATH").split(":")
    names.each do |name|
      File.symlink(places.map { |place| File.join(place, name) }.find { |file| File.exist?(file) }, File.join(path, name))
    end
    scripts.each do |name, script|
      File.write(File.join(path, name.to_s), "#!/bin/sh\n#{script}\n")
      File.chmod(0o755, File.join(path, name.to_s))
    end
    path
  end

  # One line of ours, and no Makefile; before it, if it has come so far, the one that says that it compiles.
  def complaint(env)
    FileUtils.rm_f(File.join(gem.folder, "Makefile"))
    status, err = gem.configure(env)
    lines = err.lines.reject { |line| line.start_with?("gitlab-mail_room: compiling") }
    expect([status, lines.size, gem.makefile?]).to eq([1, 1, false]), err
    lines.first
  end

  let(:cc) { RbConfig::MAKEFILE_CONFIG["CC"].split.first }

  it "asks for make, and for the one that RubyGems would call" do
    path = programs(cc, "cargo", "rustc")
    expect(complaint("PATH" => path)).to match(/\A.*missing: make \(there is no `make` on PATH\)\. .*build-essential/)
    expect(complaint("MAKE" => "gmake --silent", "PATH" => path)).to match(/missing: make \(there is no `gmake` on PATH\)\. /)
    expect(complaint("make" => "/nowhere/make")).to match(%r{missing: make \("/nowhere/make" is no program\)\. })
    expect(complaint("MAKE" => "")).to match(/missing: make \(the variable that names it is empty\)\. /)
    expect(gem.configure({ "make" => "/usr/bin/env make" }).first).to eq(0)
  end

  it "knows a cargo that has no toolchain from one that is not there" do
    path = programs("make", cc, cargo: "echo 'error: no default is configured' >&2; echo more >&2; exit 1")
    expect(complaint("PATH" => path))
      .to match(/Rust 1\.\d+ or later \(`cargo --version` fails: no default is configured; with rustup, run `rustup default stable`\)\. /)
    expect(complaint("PATH" => programs("make", cc))).to match(/Rust 1\.\d+ or later \(there is no `cargo` on PATH\)\. /)
    expect(complaint("CARGO" => "/nowhere/cargo")).to match(%r{Rust 1\.\d+ or later \("/nowhere/cargo" is no program\)\. })
    expect(complaint("CARGO" => "/tmp")).to match(%r{Rust 1\.\d+ or later \("/tmp" is no program\)\. })
  end

  it "names the folder that cargo cannot write to" do
    expect(complaint("CARGO_HOME" => "/proc/cargo"))
      .to eq("gitlab-mail_room cannot be compiled here: cargo cannot write to CARGO_HOME (\"/proc/cargo\"): " \
             "set CARGO_HOME to a folder that it may write to.\n")
    File.write(file = File.join(folder, "file"), "")
    # rustup looks for its toolchains in HOME, too.
    cargo = programs(cargo: %([ "$1" = --version ] && exec echo 1.99.0; echo "error: cannot write" >&2; exit 101))
    expect(complaint("CARGO_HOME" => nil, "HOME" => file, "CARGO" => File.join(cargo, "cargo"))).to include("cannot write to ~/.cargo (")
  end

  it "says what to do where crates cannot be downloaded" do
    closed = TCPServer.open("127.0.0.1", 0) { |server| server.addr[1] }
    proxy = { "https_proxy" => "http://127.0.0.1:#{closed}", "CARGO_NET_RETRY" => "0", "CARGO_HOME" => File.join(folder, "empty") }
    expect(complaint(proxy)).to match(/cargo cannot get its crates \(failed to get .*connect.*\)\. .*https_proxy.*`rake package:vendored`/)
    offline = { "CARGO_NET_OFFLINE" => "true", "CARGO_HOME" => File.join(folder, "empty") }
    expect(complaint(offline)).to match(/cargo cannot get its crates \(.*\)\. .*`rake package:vendored`, see docs/)
  end

  it "has nothing to say where all is well" do
    expect(gem.configure).to match([0, /\Agitlab-mail_room: compiling its Rust core .*\n\z/])
    expect(gem.makefile?).to be(true)
  end
end
