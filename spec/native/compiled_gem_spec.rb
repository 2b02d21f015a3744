# frozen_string_literal: true

require "fileutils"
require "json"
require "open3"
require_relative "../../rakelib/debian_ruby"
require_relative "../../rakelib/install_check"
require_relative "../../rakelib/native_gem"
require_relative "zig"

# The compiled gem as users get it: installed into a folder of its own, with nothing on PATH that compiles. `rake spec:native` builds it
# first. Each example runs for each Ruby that the gem has a library for.
RSpec.describe "the compiled gem", :native do
  here = RbConfig::CONFIG.values_at("MAJOR", "MINOR").join(".")
  interpreters = DebianRuby::RELEASES.transform_values { nil }.merge(here => RbConfig.ruby)

  let(:root) { NativeGem::ROOT }
  let(:gem_path) { NativeGem.newest or raise "there is no compiled gem in pkg/: run `rake native`" }
  let(:specification) { Gem::Package.new(gem_path).spec }
  let(:libraries) { specification.files.grep(/mail_room_native/) }
  let(:versions) { libraries.map { |file| file[%r{lib/mail_room/(\d\.\d)/mail_room_native\.so\z}, 1] } }

  def say(*command, env: {}, chdir: "/")
    output, status = Open3.capture2e(env, *command, chdir: chdir)
    raise "#{command.first(3).join(" ")} failed:\n#{output}" unless status.success?

    output
  end

  def unpacked
    @unpacked ||= Dir.mktmpdir.tap { |folder| Gem::Package.new(gem_path).extract_files(folder) }
  end

  after { FileUtils.rm_rf(@unpacked) if @unpacked }

  it "is small, brings a library for each Ruby that it says it fits, and needs nothing that compiles" do
    expect(File.size(gem_path)).to be <= 12_000_000
    expect(specification.extensions).to eq([])
    expect(specification.dependencies.map(&:name)).to match_array(%w[logger net-imap])
    expect(specification.files.grep(/\.(rs|toml|lock)\z|extconf/)).to eq([])
    expect(versions).to match_array(interpreters.keys)
    expect(versions.map { |version| specification.required_ruby_version.satisfied_by?(Gem::Version.new("#{version}.9")) }).to all(be(true))
    newest = versions.max_by { |version| Gem::Version.new(version) }
    later = newest.sub(/\d+\z/) { |minor| (minor.to_i + 1).to_s }
    expect(specification.required_ruby_version).not_to be_satisfied_by(Gem::Version.new("#{later}.0"))
    libraries.each { |file| expect(File.size(File.join(unpacked, file))).to be <= CompiledLibrary::LIMIT, file }
  end

  it "leaves out the Rubies in between that it has no library for" do
    gaps = NativeGem.gaps(versions)
    expect(gaps).to eq(["3.2"])
    left_out = gaps.flat_map { |version| [0, 4, 11].map { |release| Gem::Version.new("#{version}.#{release}") } }
    expect(left_out.select { |version| specification.required_ruby_version.satisfied_by?(version) }).to eq([])
  end

  it "links the libraries that every system has, with no symbol newer than the promised glibc" do
    libraries.each do |file|
      path = File.join(unpacked, file)
      library = CompiledLibrary.new(path, NativeGem::PLATFORM)
      expect(library.faults).to eq([])
      expect(library.linked).to include("libc.so.6")
      expect(library.glibc).to include("2.17")
      expect(say("objdump", "-h", path)).not_to match(/\.debug_|\.symtab/)
      expect(say("objdump", "-s", "-j", ".gnu_debuglink", path)).to match(/mail_room_nat/)
    end
  end

  it "is the same under the name with -gnu" do
    gnu = NativeGem.newest("#{NativeGem::PLATFORM}-gnu")
    Dir.mktmpdir do |folder|
      Gem::Package.new(gnu).extract_files(folder)
      files = ->(top) { Dir.glob("**/*", base: top).to_h { |file| [file, File.file?(path = File.join(top, file)) && File.binread(path)] } }
      expect(files.call(folder) == files.call(unpacked)).to be(true)
    end
  end

  interpreters.each do |version, interpreter|
    describe "with Ruby #{version}" do
      let(:ruby) { interpreter || DebianRuby.new(version).interpreter }

      around do |example|
        Dir.mktmpdir do |folder|
          @folder = folder
          # Nothing that compiles: neither cargo nor cc nor make.
          @path = File.join(folder, "path")
          FileUtils.mkdir_p(@path)
          %w[sh env uname mkdir rm git].each { |program| FileUtils.ln_s(say("sh", "-c", "command -v #{program}").strip, @path) }
          example.run
        end
      end

      def clean = { "PATH" => @path, "RUBYLIB" => nil, "RUBYOPT" => nil, "GEM_HOME" => nil, "HOME" => @folder, "BUNDLE_GEMFILE" => nil }

      def installed(gem_path = self.gem_path)
        gems = File.join(@folder, "gems")
        script = 'require "rubygems/gem_runner"; Gem::GemRunner.new.run(ARGV)'
        say(ruby, "-e", script, "--", "install", "--local", "--no-document", "--ignore-dependencies", "--install-dir", gems, gem_path,
            env: clean)
        # The second one has Ruby's own gems: logger and net-imap.
        clean.merge("GEM_PATH" => "#{gems}:#{say(ruby, "-e", "print Gem.path.join(%(:))", env: clean)}", "GEMS" => gems)
      end

      it "installs, tells what it is, and loads the library of this Ruby" do
        env = installed
        said = say(ruby, File.join(env["GEMS"], "bin/mail_room"), "--version", env: env)
        version_and_platform = "#{specification.version} (#{RbConfig::CONFIG["host_cpu"]}-linux-gnu"
        expect(said).to match(/^mail_room #{Regexp.escape(version_and_platform)}, commit \h{12}\)$/)
        script = 'gem "gitlab-mail_room"; require "mail_room"; puts $LOADED_FEATURES.grep(/mail_room_native/), MailRoom::NATIVE_VERSION'
        library, native = say(ruby, "-e", script, env: env).lines.map(&:chomp)
        expect([library, native]).to match([%r{/mail_room/#{Regexp.escape(version)}/mail_room_native\.so\z}, specification.version.to_s])
      end

      it "delivers" do
        env = installed
        user = dovecot.new_user
        dovecot.append(user, Mails.plain(1))
        config = File.join(@folder, "config.yml")
        File.write(config, { mailboxes: [mailbox(user)] }.to_yaml)
        redis.call("FLUSHALL")
        say(ruby, File.join(env["GEMS"], "bin/mail_room"), "--once", "-c", config, env: env)
        expect(delivered).to eq([Mails.plain(1).b])
      end

      it "starts in the environment of the container image" do
        env = installed
        recipe = File.read(File.join(root, "contrib/container/Containerfile"))
        gem_path = recipe[/^ENV GEM_PATH=(\S*)/, 1].sub("/gems", env["GEMS"])
        image = clean.merge("GEM_PATH" => gem_path, "GEM_HOME" => File.join(@folder, "bundle"))
        expect(say(ruby, File.join(env["GEMS"], "bin/mail_room"), "--version", env: image)).to start_with("mail_room ")
      end

      it "can be installed from its file under the name with -gnu" do
        env = installed(NativeGem.newest("#{NativeGem::PLATFORM}-gnu"))
        expect(say(ruby, File.join(env["GEMS"], "bin/mail_room"), "--version", env: env)).to start_with("mail_room ")
      end

      it "is what an application with Bundler gets from a folder of gems, frozen, too" do
        app = File.join(@folder, "app")
        FileUtils.mkdir_p(File.join(app, "vendor/cache"))
        FileUtils.cp(gem_path, File.join(app, "vendor/cache"))
        File.write(File.join(app, "Gemfile"), <<~RUBY)
          source "https://gems.example.com"
          gem "gitlab-mail_room", require: "mail_room"
        RUBY
        script = 'require "bundler"; require "bundler/cli"; Bundler::CLI.start(ARGV)'
        [nil, "true"].each do |frozen|
          # Not BUNDLE_PATH, which hides the gems that Ruby brings, such as net-imap.
          env = clean.merge("GEM_HOME" => File.join(@folder, "bundle-#{frozen}"), "BUNDLE_FROZEN" => frozen,
                            "BUNDLE_APP_CONFIG" => File.join(@folder, "config-#{frozen}"))
          say(ruby, "-e", script, "--", "install", "--local", "--no-cache", env: env, chdir: app)
          say(ruby, "-e", 'require "bundler"; Bundler.require; puts MailRoom::NATIVE_VERSION, MailRoom::Matcher', env: env, chdir: app)
          expect(File.read(File.join(app, "Gemfile.lock"))).to include("(#{specification.version}-#{NativeGem::PLATFORM})")
        end
      end

      # All gems of a release, those for other platforms with a library that is none of ours.
      def release
        folder = File.join(@folder, "server")
        FileUtils.mkdir_p(folder)
        FileUtils.cp(gem_path, folder)
        (NativeGem::PLATFORMS - [NativeGem::PLATFORM]).each do |platform|
          library = Zig.library(File.join(@folder, platform), platform)
          NativeGem.package(versions.to_h { |name| [name, library] }, platform, folder: folder)
        end
        say("gem", "build", "--quiet", "--output", File.join(folder, "#{specification.name}-#{specification.version}.gem"),
            "gitlab-mail_room.gemspec", chdir: root)
        folder
      end

      it "is what RubyGems and Bundler take from a server with all gems of a release, also from a lock" do
        lock = InstallCheck.new(release, NativeGem::PLATFORM, ruby: ruby, environment: { "PATH" => @path }).run
        expect(lock).to include("(#{specification.version}-#{NativeGem::PLATFORM})")
      end

      # Those before take it for any Linux.
      if interpreter.nil? || Gem::Requirement.new(NativeGem::MUSL_RUBYGEMS).satisfied_by?(Gem.rubygems_version)
        it "is not what they take on musl" do
          File.write(musl = File.join(@folder, "musl.rb"), <<~RUBY)
            platform = Gem::Platform.new("#{RbConfig::CONFIG["host_cpu"]}-linux-musl")
            Gem::Platform.define_singleton_method(:local) { |*| platform }
            Gem.instance_variable_set(:@platforms, ["ruby", platform])
          RUBY
          environment = { "PATH" => @path, "RUBYOPT" => "-r#{musl}" }
          lock = InstallCheck.new(release, "#{NativeGem::PLATFORM}-musl", ruby: ruby, environment: environment, use: false).run
          expect(lock).to include("(#{specification.version}-#{NativeGem::PLATFORM}-musl)")
        end
      end

      # In the gem's own folder: beside the specs RSpec takes the `lib` that it finds, and specs the executable.
      define_method(:rspec) do |files, *arguments|
        env = installed
        gem = Dir.glob(File.join(env["GEMS"], "gems/gitlab-mail_room-*")).first
        FileUtils.cp_r([File.join(root, "spec"), File.join(root, ".rspec")], gem)
        script = 'gem "rspec-core"; END { puts $LOADED_FEATURES.grep(/mail_room_native/) }; load Gem.bin_path("rspec-core", "rspec")'
        env = { "PATH" => ENV.fetch("PATH"), "RUBYLIB" => nil, "GEM_PATH" => nil, "SPEC_OPTS" => nil }
        said = say(ruby, "-W:no-experimental", "-e", script, "--", *arguments, *files, env: env, chdir: gem)
        expect(said).to match(/[1-9]\d+ examples, 0 failures/)
        expect(said.lines.last(1)).to eq(["#{gem}/lib/mail_room/#{version}/mail_room_native.so\n"])
        said
      end

      it "passes the facade's specs" do
        # Those left out need gems beside the one that is tested.
        rspec(Dir.glob("spec/mail_room/**/*_spec.rb", base: root).grep_v(/letter_opener|tasks|cli|event_thread/))
      end

      it "survives a collector that runs at each allocation and moves what it can, in the specs of the binding" do
        files = %w[matcher jwt message coordinator mailbox_watcher delivery arbitration].map { |name| "spec/mail_room/#{name}_spec.rb" }
        said = rspec([*files, "spec/end_to_end/direct_calls_spec.rb"], "-r", "./spec/native/collector.rb")
        expect(said).to match(/[1-9]\d+ calls of the library, [1-9]\d+ compactions/)
      end

      # RubyGems' own require needs the main Ractor before Ruby 3.4, whatever is required.
      it "says clearly that the main Ractor alone may use it" do
        script = <<~RUBY
          gem "gitlab-mail_room"
          require "mail_room"
          p(Ractor.new { [MailRoom::VERSION, MailRoom::NATIVE_VERSION].uniq.size }.take)
          begin
            Ractor.new { MailRoom::Native.reopen_logs }.take
          rescue Ractor::RemoteError => e
            puts e.cause.class, e.cause.message
          end
        RUBY
        said = say(ruby, "-W:no-experimental", "-e", "Thread.report_on_exception = false; #{script}", env: installed)
        expect(said.lines.grep_v(/terminated with exception|^\s+from|in `/).join)
          .to include("1\nRactor::UnsafeError\nractor unsafe method called from not main ractor\n")
      end
    end
  end
end
