# frozen_string_literal: true

require "fileutils"
require "open3"
require "rubygems/package"

# The gem as it is released. That it builds, installs and runs is a stage of bin/test: it takes too long here.
RSpec.describe "the packaged gem" do
  let(:root) { File.expand_path("..", __dir__) }
  let(:specification) { Dir.chdir(root) { Gem::Specification.load("gitlab-mail_room.gemspec") } }

  it "has every source that is built and loaded, and nothing else" do
    there = Dir.glob("{lib,exe,ext}/**/*", base: root).select { |name| File.file?(File.join(root, name)) }
    wanted = there.grep_v(%r{\Aext/\w+/(tests|benches|fuzz)/|\.so(\.new)?\z})
    expect(specification.files.grep(%r{\A(lib|exe|ext)/})).to match_array(wanted)
    beside = Dir.glob("{docs/*.md,contrib/{systemd,init.d,container}/*}", base: root)
    expect(beside).to include("docs/options.md", "contrib/systemd/gitlab-mailroom.service")
    top = %w[CHANGELOG.md Cargo.lock Cargo.toml LICENSE README.md]
    expect(specification.files.grep_v(%r{\A(lib|exe|ext)/})).to match_array(top + beside)
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
