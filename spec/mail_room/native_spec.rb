# frozen_string_literal: true

require "fileutils"
require "open3"
require "rubygems/package"

# What an administrator reads when there is no library for the Ruby that loads it, and that following it helps.
RSpec.describe "MailRoom::NativeLibrary" do
  let(:root) { File.expand_path("../..", __dir__) }
  let(:here) { RbConfig::CONFIG.values_at("MAJOR", "MINOR").join(".") }
  let(:version) { Regexp.escape(MailRoom::VERSION) }
  let(:folder) { Dir.mktmpdir }
  # With a GEM_HOME of its own, and the gems of this Ruby.
  let(:env) do
    { "RUBYLIB" => nil, "RUBYOPT" => nil, "HOME" => folder, "GEM_HOME" => File.join(folder, "gems"), "GEM_PATH" => nil,
      "BUNDLE_GEMFILE" => nil, "BUNDLE_PATH" => File.join(folder, "bundle") }
  end

  after { FileUtils.rm_rf(folder) }

  # A tree of the gem's that has what loads the library, and these files.
  def tree(name, files)
    lib = File.join(folder, name, "lib")
    FileUtils.mkdir_p(File.join(lib, "mail_room"))
    %w[native errors version].each { |part| FileUtils.cp(File.join(root, "lib/mail_room/#{part}.rb"), File.join(lib, "mail_room")) }
    { "lib/mail_room.rb" => 'require "mail_room/native"', **files }.each do |path, text|
      FileUtils.mkdir_p(File.dirname(File.join(folder, name, path)))
      File.write(File.join(folder, name, path), text)
    end
    lib
  end

  def loaded_from(lib, *options)
    out, status = Open3.capture2e(env, RbConfig.ruby, *options, "-I", lib, "-e",
                                  'begin; require "mail_room"; rescue LoadError => e; puts e; end')
    status.success? ? out : raise(out)
  end

  let(:compile) { /^Have it compiled here: `gem uninstall .*`, then `gem install .*`; with Bundler: `bundle .*`\.\n\z/ }

  it "names the Rubies that a compiled gem is for where this one is not among them" do
    lib = tree("gem", "lib/mail_room/1.8/mail_room_native.so" => "", "lib/mail_room/1.10/mail_room_native.so" => "")
    said = loaded_from(lib)
    expect(loaded_from(lib, "--disable-gems")).to eq(said)
    expect(said).to match(/\Agitlab-mail_room #{version} has libraries for Ruby 1\.8 and 1\.10, and none for this Ruby, #{here}\.\n/)
    expect([said, said.lines.size]).to match([compile, 2])
  end

  it "shows the error of a library that is there and cannot be loaded" do
    said = loaded_from(tree("gem", "lib/mail_room/#{here}/mail_room_native.so" => "nothing"))
    expect(said).to match(/\Agitlab-mail_room #{version} has a library for Ruby #{here}, which cannot be loaded here: .*native\.so/)
    expect([said, said.lines.size]).to match([compile, 2])
  end

  it "tells the source gem from the source tree where nothing was compiled" do
    said = loaded_from(tree("gem", {}))
    expect(said).to match(/\A.* no library that was compiled for this Ruby, #{here} \(cannot .*\)\.\nCompile it: `gem pristine .*`bundle/)
    expect(loaded_from(tree("tree", "Rakefile" => ""))).to match(/\A.* no library .*\.\nRun `rake compile` in the source tree\.\n\z/)
  end

  # A gem server's files, with stubs: the compiled gem has no library for this Ruby, and what the source gem compiles is written in Ruby.
  #
  # @return [String] its address
  def gem_server
    specs = { "ruby" => "lib/mail_room/mail_room_native.rb", Gem::Platform.local.to_s => "lib/mail_room/1.8/mail_room_native.so" }
      .map { |platform, library| publish(platform, library) }
    tuples = specs.map { |spec| [spec.name, spec.version, spec.platform.to_s] }
    { "specs" => tuples, "latest_specs" => tuples, "prerelease_specs" => [] }.each do |name, list|
      File.binwrite(File.join(folder, "server/#{name}.4.8.gz"), Gem::Util.gzip(Marshal.dump(list)))
    end
    "file://#{folder}/server/"
  end

  def publish(platform, library)
    tree(platform, library => "puts :source")
    spec = Gem::Specification.new("gitlab-mail_room", MailRoom::VERSION) do |gem|
      gem.files = Dir.glob("lib/**/*.*", base: File.join(folder, platform))
      gem.summary = gem.authors = "stub"
      gem.platform = platform
    end
    FileUtils.mkdir_p(%w[gems quick/Marshal.4.8].map { |name| File.join(folder, "server", name) })
    Gem::DefaultUserInteraction.use_ui(Gem::SilentUI.new) do
      Dir.chdir(File.join(folder, platform)) { Gem::Package.build(spec, true, false, "#{folder}/server/gems/#{spec.file_name}") }
    end
    File.binwrite(File.join(folder, "server/quick/Marshal.4.8/#{spec.full_name}.gemspec.rz"), Zlib::Deflate.deflate(Marshal.dump(spec)))
    spec
  end

  # @return [String] what Ruby says
  def ruby(script, *arguments)
    out, status = Open3.capture2e(env, RbConfig.ruby, "-e", script, "--", *arguments, chdir: folder)
    status.success? ? out : raise("#{arguments.join(" ")}: #{out}")
  end

  def gem(*arguments) = ruby('require "rubygems/gem_runner"; Gem::GemRunner.new.run(ARGV)', *arguments)

  def bundle(*arguments) = ruby('require "bundler"; require "bundler/cli"; Bundler::CLI.start(ARGV)', *arguments)

  def commands(advice, program)
    expect(advice).to match(compile)
    advice.scan(/`#{program} ([^`]*)`/).flatten.map(&:split)
  end

  it "gives advice that helps with RubyGems" do
    from = ["--clear-sources", "--source", gem_server, "--no-document"]
    gem("install", "gitlab-mail_room", *from)
    advice = commands(ruby('begin; require "mail_room"; rescue LoadError => e; puts e; end'), "gem")
    expect(advice.map(&:first)).to eq(%w[uninstall install])
    advice.each { |command, *arguments| gem(command, *arguments, *(from if command == "install")) }
    expect(ruby('require "mail_room"')).to eq("source\n")
  end

  it "gives advice that helps with Bundler" do
    File.write(File.join(folder, "Gemfile"), %(source "#{gem_server}"\ngem "gitlab-mail_room", require: "mail_room"\n))
    bundle("install")
    # Later versions of Bundler put it into an error of their own.
    failing = 'require "bundler"; begin; Bundler.require; rescue LoadError, Bundler::GemRequireError => e; puts e.cause || e; end'
    advice = commands(ruby(failing), "bundle")
    expect(advice.map(&:first)).to eq(%w[config lock install])
    advice.each { |arguments| bundle(*arguments) }
    expect(ruby('require "bundler"; Bundler.require')).to eq("source\n")
  end
end
