# frozen_string_literal: true

require "fileutils"
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
    top = %w[.yardopts CHANGELOG.md Cargo.lock Cargo.toml LICENSE README.md SECURITY.md THIRD_PARTY_LICENSES.txt]
    expect(specification.files.grep_v(%r{\A(lib|exe|ext|sig)/})).to match_array(top + beside)
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
