# frozen_string_literal: true

require "fileutils"
require "open3"
require "rbconfig"
require "tmpdir"
require_relative "gem_server"

# Installs from a server that has all gems of a release, as users do with this Ruby: with RubyGems; with Bundler; with Bundler on another
# machine from the same Gemfile.lock, and once more frozen, as in production. Each time it has to be the gem of this platform.
#
#   ruby rakelib/install_check.rb FOLDER PLATFORM
class InstallCheck
  NAME = "gitlab-mail_room"
  # RubyGems' and Bundler's programs, which not every Ruby has on PATH.
  GEM = 'require "rubygems/gem_runner"; Gem::GemRunner.new.run(ARGV)'
  BUNDLE = 'require "bundler"; require "bundler/cli"; Bundler::CLI.start(ARGV)'
  USE = 'require "bundler"; Bundler.require; puts MailRoom::NATIVE_VERSION'
  private_constant :GEM, :BUNDLE, :USE

  # @param gems [String] the folder with the gems of the release
  # @param platform [String] the platform of the gem that has to be installed; "ruby" for the source gem
  # @param environment [Hash] added to that of every command
  # @param use [Boolean] whether what was installed is started, too
  def initialize(gems, platform, ruby: RbConfig.ruby, environment: {}, use: true)
    @gems = Dir.glob(File.join(gems, "*.gem")).sort_by { |path| order(path) }
    @platform = platform
    @ruby = ruby
    @environment = environment
    @use = use
  end

  # @return [String] the Gemfile.lock that Bundler has written
  # @raise [RuntimeError] at the first that fails, with what was printed
  def run = GemServer.new(@gems).serve { |url| install(url) }

  private

  # As they are pushed, and as servers sort them: see the recipes, where they publish.
  def order(path)
    platform = File.basename(path, ".gem")[/\A#{NAME}-[\d.]+-(.+)/, 1]
    [platform ? 0 : 1, platform.to_s]
  end

  def install(url)
    Dir.mktmpdir do |folder|
      @folder = folder
      gem(url)
      lock = bundle(url, "first")
      bundle(url, "second", lock: lock)
      bundle(url, "frozen", lock: lock, frozen: true)
      lock
    end
  end

  def gem(url)
    home = File.join(@folder, "rubygems")
    ruby(home, "-e", GEM, "--", "install", "--no-document", "--clear-sources", "--source", url, NAME)
    check(home)
    ruby(home, File.join(home, "bin/mail_room"), "--version") if @use
  end

  def bundle(url, name, lock: nil, frozen: false)
    app = File.join(@folder, name)
    home = File.join(@folder, "bundle-#{name}")
    FileUtils.mkdir_p(app)
    File.write(File.join(app, "Gemfile"), "source \"#{url}\"\ngem \"#{NAME}\", require: \"mail_room\"\n")
    File.write(File.join(app, "Gemfile.lock"), lock) if lock
    # Not into a BUNDLE_PATH, which hides the gems that Ruby brings, such as net-imap.
    more = { "BUNDLE_PATH" => nil, "BUNDLE_PATH__SYSTEM" => "true", "BUNDLE_APP_CONFIG" => File.join(@folder, "config-#{name}"),
             "BUNDLE_FROZEN" => frozen ? "true" : nil }
    ruby(home, "-e", BUNDLE, "--", "install", chdir: app, more: more)
    check(home)
    ruby(home, "-e", USE, chdir: app, more: more) if @use
    File.read(File.join(app, "Gemfile.lock"))
  end

  def check(home)
    found = Dir.children(File.join(home, "specifications")).grep(/\A#{NAME}-/).map { |file| file[/-[\d.]+-(.+)\.gemspec\z/, 1] || "ruby" }
    raise "#{found.join(", ")} was installed and not #{@platform}" unless found == [@platform]
  end

  def ruby(home, *arguments, chdir: @folder, more: {})
    environment = { "GEM_HOME" => home, "GEM_PATH" => nil, "HOME" => @folder, "RUBYLIB" => nil, "RUBYOPT" => nil, "BUNDLE_GEMFILE" => nil,
                    "BUNDLE_SILENCE_ROOT_WARNING" => "1", **more, **@environment }
    output, status = Open3.capture2e(environment, @ruby, *arguments, chdir: chdir)
    raise "#{arguments.last(2).join(" ")} in #{File.basename(chdir)} failed:\n#{output}" unless status.success?
  end
end

if $PROGRAM_NAME == __FILE__
  puts "Ruby #{RUBY_VERSION}, RubyGems #{Gem::VERSION}", InstallCheck.new(*ARGV).run
end
