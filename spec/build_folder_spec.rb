# frozen_string_literal: true

require "fileutils"

# `gem install` deletes what it built, before it builds and after it has installed, in whatever folder it works.
RSpec.describe "the folder that the source gem is compiled in" do
  let(:outside) { Dir.mktmpdir }
  let(:inside) { match(%r{\A[\w.*~][\w.*~/-]*\z}).and(satisfy { |path| !path.split("/").include?("..") }) }

  after { FileUtils.rm_rf(outside) }

  def source_gem(name) = SourceGem.new(File.join(outside, name))

  # What words of a path may be to make and to a shell.
  ["a b", "  ", "q'uo\"te`s`", "$(x) $y ${z}", "ha#sh", "back\\slash", "semi;colon & a | b", "s*ar[a]?", "e=qual",
   "n\u00F6n-ascii \u2603"].each do |name|
    it "is the only one in which anything is deleted if it is named #{name.inspect}" do
      gem = source_gem(name)
      expect(gem.configure.first).to eq(0)
      expect(gem.deleted).to include(".rb-sys", "target/release", "mail_room_native.so").and(all(inside))
    end
  end

  it "loses what was built, while its neighbours stay, if its name has a blank" do
    gem = source_gem("my gems")
    kept = File.join(outside, "my", "kept")
    built = File.join(gem.folder, "target/release/libother.so")
    [kept, built].each { |file| FileUtils.mkdir_p(File.dirname(file)) && FileUtils.touch(file) }
    expect(gem.configure.first).to eq(0)
    gem.make("clean")
    expect([File.exist?(kept), File.exist?(built)]).to eq([true, false])
  end

  it "is the only one in which anything is deleted, whatever folders the environment names" do
    gem = source_gem("gem")
    names = %w[RB_SYS_CARGO_TARGET_DIR RB_SYS_BUILD_DIR CARGO_TARGET_DIR CARGO_BUILD_TARGET RB_SYS_CARGO_PROFILE_DIR]
    named = names.to_h { |name| [name, "#{outside}/my things"] }
    # Only when it is made, and already when it is configured.
    expect(gem.configure.first).to eq(0)
    expect(gem.deleted(named)).to all(inside)
    expect(gem.configure(named.slice("RB_SYS_BUILD_DIR", "CARGO_TARGET_DIR")).first).to eq(0)
    expect(gem.deleted(named)).to all(inside)
  end

  it "is refused in one line if cargo or a linker cannot work in it, before anything is written" do
    ["per%cent", "col:on", "new\nline", "not utf-8 \xFF"].each do |name|
      gem = source_gem(name)
      status, err = gem.configure
      expect([status, err.lines.size, gem.makefile?]).to eq([1, 1, false]), err
      expect(err).to match(/\Agitlab-mail_room cannot be compiled here: the path of the folder ".* into another folder \(/)
    end
  end

  it "is refused in one line if make cannot handle a path that it needs" do
    gem = source_gem("a b")
    {
      { "RB_SYS_CARGO_TARGET_DIR" => "/tmp/my target" } => %r{in RB_SYS_CARGO_TARGET_DIR, "/tmp/my target": unset it, or name},
      { "RB_SYS_CARGO_TARGET_DIR" => "" } => /in RB_SYS_CARGO_TARGET_DIR, "": unset it, or name/,
      { "RB_SYS_CARGO_TARGET_DIR" => "/tmp/$x" } => /in RB_SYS_CARGO_TARGET_DIR, /,
      { "CARGO" => "/opt/my cargo" } => %r{in CARGO, "/opt/my cargo": unset it, or name},
      { "RB_SYS_FORCE_INSTALL_RUST_TOOLCHAIN" => "true" } => /has Rust put: unset it and install Rust by rustup\.$/
    }.each do |env, complaint|
      status, err = gem.configure(env)
      expect([status, err.lines.size, gem.makefile?]).to eq([1, 1, false]), err
      expect(err).to match(/\Agitlab-mail_room cannot be compiled here: make cannot handle .*#{complaint}/)
    end
    status, err = gem.configure(program: File.join(gem.folder, "extconf.rb"), chdir: outside)
    expect([status, err]).to match([1, /\A.*make cannot handle .*a b.*: run `ruby extconf.rb` in that folder\.\n\z/])
  end
end
