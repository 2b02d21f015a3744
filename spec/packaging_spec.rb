# frozen_string_literal: true

require "fileutils"
require "json"
require "open3"
require "rubygems/package"

# The gem as it is released. That it builds, installs and runs is a stage of bin/test: it takes too long here.
RSpec.describe "the packaged gem" do
  let(:root) { File.expand_path("..", __dir__) }
  let(:specification) { Dir.chdir(root) { Gem::Specification.load("gitlab-mail_room.gemspec") } }

  it "has every source that is built and loaded, and nothing else" do
    specification # loading it writes ext/mail_room_native/COMMIT, where there is a repository
    there = Dir.glob("{lib,exe,ext,sig}/**/*", base: root).select { |name| File.file?(File.join(root, name)) }
    wanted = there.grep_v(%r{\Aext/\w+/(tests|benches|fuzz)/|\.so(\.new)?\z})
    expect(specification.files.grep(%r{\A(lib|exe|ext|sig)/})).to match_array(wanted)
    beside = Dir.glob("{docs/*.md,contrib/{systemd,init.d,container,helm}/*}", base: root)
    expect(beside).to include("docs/options.md", "contrib/systemd/gitlab-mailroom.service")
    top = %w[.yardopts CHANGELOG.md Cargo.lock Cargo.toml LICENSE README.md SECURITY.md THIRD_PARTY_LICENSES.txt
             rakelib/yard_extension.rb]
    expect(specification.files.grep_v(%r{\A(lib|exe|ext|sig)/})).to match_array(top + beside)
  end

  # rustc is asked for half of it (extconf.rb), and the linker for all of it (build.rs).
  it "has a library that is linked with full RELRO" do
    headers, status = Open3.capture2("readelf", "--wide", "--program-headers", "--dynamic",
                                     File.join(root, "lib/mail_room/mail_room_native.so"))
    expect(status).to be_success
    expect(headers).to match(/^ *GNU_RELRO /).and match(/\(FLAGS\).*\bBIND_NOW\b/)
  end

  it "says at the top of its changes how to upgrade" do
    version = File.read(File.join(root, "CHANGELOG.md"))[/^## #{Regexp.escape(specification.version.to_s)} .*?(?=^## |\z)/m]
    expect(version.lines[2]).to match(/\A### Upgrading from \d+\.\d+\.\d+\n/)
    section = version[/^### Upgrading.*?(?=^### )/m]
    links = section.scan(/\]\(([^)]+)\)/).flatten
    expect([links, links - specification.files]).to match([including("docs/migrating.md"), []])
    expect(section).to include("Ruby #{specification.required_ruby_version.to_s[/[\d.]+/]} or later", "~heartbeat:*", "mail_room status")
    expect(section[/Rust (\S+)/, 1]).to eq(File.read(File.join(root, "Cargo.toml"))[/^rust-version = "(.*)"/, 1])
  end

  it "says in one line what is missing where it cannot be compiled, and loads nothing that has more to say" do
    Dir.mktmpdir do |dir|
      %w[sh true].each { |program| File.symlink("/bin/#{program}", File.join(dir, program)) }
      env = { "PATH" => dir, "SOURCE_DATE_EPOCH" => "1", "RB_SYS_FORCE_INSTALL_RUST_TOOLCHAIN" => nil, "CARGO" => nil, "CC" => nil }
      out, err, status = Open3.capture3(env, RbConfig.ruby, File.join(root, "ext/mail_room_native/extconf.rb"), chdir: dir)
      expect([out, err.lines.size, status.exitstatus]).to eq(["", 1, 1]), err
      expect(err).to match(/\Agitlab-mail_room cannot be compiled here.*Rust 1\.\d+ or later \(there is no `cargo` on PATH\), a C compiler/)
      expect(Dir.children(dir)).to match_array(%w[sh true])
    end
  end

  it "refuses a Rust that is too old" do
    Dir.mktmpdir do |dir|
      File.write(cargo = File.join(dir, "cargo"), "#!/bin/sh\necho 'cargo 1.63.0'\n")
      File.chmod(0o755, cargo)
      _out, err, status = Open3.capture3({ "CARGO" => cargo }, RbConfig.ruby, File.join(root, "ext/mail_room_native/extconf.rb"),
                                         chdir: dir)
      expect([status.exitstatus, err]).to match([1, /missing: Rust 1\.\d+ or later \(`cargo` is 1\.63\.0\)\. /])
    end
  end

  it "says to whoever waits for `gem install` that it compiles" do
    Dir.mktmpdir do |dir|
      # RubyGems reads what extconf.rb prints, and shows it only when it fails.
      script = "Process.wait(spawn(*ARGV, %i[out err] => File::NULL)); exit $?.exitstatus"
      _out, err, status = Open3.capture3({ "SOURCE_DATE_EPOCH" => "1" }, RbConfig.ruby, "-e", script, RbConfig.ruby,
                                         File.join(root, "ext/mail_room_native/extconf.rb"), chdir: dir)
      expect([err, status.exitstatus]).to match([/\Agitlab-mail_room: compiling its Rust core with \d+ processors\. .*\n\z/, 0])
    end
  end

  # What extconf.rb says, and the features that its Makefile asks cargo for. No libclang can be found, unless `libclang` says where.
  def configured(changes = "", libclang: nil)
    Dir.mktmpdir do |dir|
      File.write(File.join(dir, "changes.rb"), "require 'rbconfig'\n#{changes}")
      FileUtils.mkdir(empty = File.join(dir, "empty"))
      _out, err, status = Open3.capture3({ "LIBCLANG_PATH" => libclang || empty, "RUBYOPT" => nil }, RbConfig.ruby, "-r", "./changes.rb",
                                         File.join(root, "ext/mail_room_native/extconf.rb"), chdir: dir)
      makefile = File.join(dir, "Makefile")
      [status.exitstatus, err, File.exist?(makefile) ? File.read(makefile)[/^RB_SYS_CARGO_FEATURES \?= *(.*)$/, 1] : nil]
    end
  end

  it "takes the stored bindings that fit this Ruby, and no libclang" do
    expect(configured).to eq([0, "", ""])
  end

  it "has bindings generated for a Ruby that none are stored for, and asks for libclang only then" do
    unknown = 'RbConfig::CONFIG["MINOR"] = "99"'
    complaint = /\Agitlab-mail_room cannot .* missing: libclang \(libclang-dev\), because .* Ruby \d\.99 .*\.\n\z/
    expect(configured(unknown)).to match([1, complaint, nil])
    Dir.mktmpdir do |dir|
      FileUtils.touch(File.join(dir, "libclang.so"))
      expect(configured(unknown, libclang: dir)).to eq([0, "", "generate_bindings"])
    end
  end

  # Headers that are changed where it matters, and one that is not: a comment.
  {
    "rbasic.h" => [/^    VALUE flags;/, "    VALUE more; VALUE flags;"],
    "special_consts.h" => [/RUBY_Qtrue +=/, "RUBY_BEFORE, RUBY_Qtrue = 4 +"],
    "hash.h" => [/VALUE rb_hash_new\(void\);/, "VALUE rb_hash_new(int);"],
    "array.h" => [/VALUE rb_ary_new\(void\);/, "VALUE rb_ary_new(void); /**/"]
  }.each do |name, (from, to)|
    it "#{to.end_with?("/") ? "takes" : "does not take"} the stored bindings where #{name} says `#{to}`" do
      Dir.mktmpdir do |dir|
        FileUtils.cp_r("#{RbConfig::CONFIG["rubyhdrdir"]}/.", dir)
        files = Dir.glob(File.join(dir, "ruby/**", name)).select { |file| File.read(file).match?(from) }
        expect(files.size).to eq(1)
        FileUtils.chmod("u+w", files.first)
        File.write(files.first, File.read(files.first).sub(from, to))
        libclang = File.join(dir, "libclang.so").tap { |file| FileUtils.touch(file) }
        fits = to.end_with?("/")
        expect(configured(%(RbConfig::CONFIG["rubyhdrdir"] = "#{dir}"), libclang: libclang)).to eq([0, "", fits ? "" : "generate_bindings"])
      end
    end
  end

  it "says where it was released from, and otherwise invents nothing" do
    load = lambda do |repository|
      script = 'spec = Gem::Specification.load("gitlab-mail_room.gemspec"); print JSON.generate([spec.homepage, spec.metadata])'
      out, status = Open3.capture2({ "MAIL_ROOM_REPOSITORY" => repository }, RbConfig.ruby, "-rjson", "-e", script, chdir: root)
      expect(status).to be_success
      JSON.parse(out)
    end
    expect(load.call(nil)).to eq([nil, { "rubygems_mfa_required" => "true" }])
    home = "https://git.example.com/owner/mail_room"
    expect(load.call(home))
      .to eq([home, { "rubygems_mfa_required" => "true", "source_code_uri" => "#{home}/tree/v#{MailRoom::VERSION}",
                      "changelog_uri" => "#{home}/blob/v#{MailRoom::VERSION}/CHANGELOG.md" }])
  end

  # `gem install` says `make clean` before it builds.
  it "cleans what it built in a folder of its own, and nothing in one that the caller named" do
    Dir.mktmpdir do |dir|
      others = File.join(dir, "target", "release", "deps", "libother.rlib")
      FileUtils.mkdir_p(File.dirname(others))
      File.write(others, "")
      own = File.join(dir, "mail_room_native.so")
      File.write(own, "")
      make = lambda do |env|
        _out, err, status = Open3.capture3({ "SOURCE_DATE_EPOCH" => "1" }.merge(env),
                                           "#{RbConfig.ruby} #{root}/ext/mail_room_native/extconf.rb && make clean", chdir: dir)
        raise err unless status.success?
      end

      make.call("RB_SYS_CARGO_TARGET_DIR" => File.join(dir, "target"))
      expect([File.exist?(others), File.exist?(own)]).to eq([true, false])
      make.call("RB_SYS_CARGO_TARGET_DIR" => nil)
      expect(File.exist?(others)).to be(false)
    end
  end
end
