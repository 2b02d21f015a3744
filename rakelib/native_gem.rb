# frozen_string_literal: true

require "fileutils"
require "open3"
require "rbconfig"
require "rubygems/package"
require_relative "commit"
require_relative "debian_ruby"

# The compiled gem for x86_64-linux-gnu: one library for each Ruby, linked against an old glibc, without debug information, which is kept
# beside the gem. Those for other platforms are made by the release workflow, which has a container for each.
class NativeGem
  ROOT = File.expand_path("..", __dir__)
  TARGET = File.expand_path(ENV.fetch("CARGO_TARGET_DIR", File.join(ROOT, "target")))
  PLATFORM = "x86_64-linux-gnu"
  TRIPLE = "x86_64-unknown-linux-gnu"
  # Debian 10, Ubuntu 20.04, RHEL 8 and Amazon Linux 2023 have this one or a later one.
  GLIBC = "2.28"
  # zig brings the headers and symbols of every glibc, and cargo-zigbuild has rustc link with it. Both are programs in a folder of ours.
  # Pinned, because each version of zig takes other flags and cargo-zigbuild knows those of the versions before it.
  TOOLS = %w[cargo-zigbuild==0.24.1 ziglang==0.13.0.post1].freeze
  # Ruby versions that the released gem is for: what rb_sys' images can build, and Ruby still maintained or in a Debian that is.
  RUBIES = %w[3.1 3.2 3.3 3.4 4.0].freeze

  # @param rubies [Array<String>] paths of interpreters, each with its headers
  def initialize(rubies)
    @rubies = rubies
  end

  # @return [String] the path of the gem
  def build
    versions = @rubies.to_h { |ruby| [version(ruby), ruby] }
    Dir.chdir(ROOT) { Commit.write }
    libraries = versions.to_h { |version, ruby| [version, library(version, ruby)] }
    NativeGem.package(libraries, PLATFORM)
  end

  # Builds the gem of `platform` from `libraries`, a mapping from the Ruby version to the path of its library.
  #
  # @return [String] the path of the gem
  def self.package(libraries, platform)
    compiled = libraries.to_h { |version, path| ["lib/mail_room/#{version}/mail_room_native#{File.extname(path)}", path] }
    spec = specification(libraries.keys.sort_by { |version| Gem::Version.new(version) }, platform)
    spec.files += compiled.keys
    staging = File.join(TARGET, "native/gem")
    FileUtils.rm_rf(staging)
    spec.files.each { |file| copy(compiled.fetch(file) { File.join(ROOT, file) }, File.join(staging, file)) }
    # RubyGems before 3.3.22 knows no -gnu: it writes it into the gem, and leaves it out of the name.
    write(spec, staging, "#{spec.name}-#{spec.version}-#{platform}.gem")
  end

  # @return [String, nil] the path of the gem that was built last
  def self.newest
    Dir.glob(File.join(ROOT, "pkg/gitlab-mail_room-*-#{PLATFORM}.gem")).max_by { |path| File.mtime(path) }
  end

  class << self
    private

    # The source gem's, without what is only needed to compile. A library fits no later Ruby than the last one it was built for: RubyGems
    # and Bundler then take the source gem.
    def specification(versions, platform)
      spec = Dir.chdir(ROOT) { Gem::Specification.load(File.join(ROOT, "gitlab-mail_room.gemspec")).dup }
      spec.files = spec.files.grep_v(%r{\A(ext/|Cargo\.)})
      spec.platform = platform
      spec.extensions = []
      spec.dependencies.reject! { |dependency| dependency.name == "rb_sys" }
      major, minor = versions.last.split(".")
      spec.required_ruby_version = [">= #{versions.first}", "< #{major}.#{minor.to_i + 1}.dev"]
      spec
    end

    def copy(from, to)
      FileUtils.mkdir_p(File.dirname(to))
      FileUtils.cp(from, to)
    end

    def write(spec, staging, name)
      path = File.join(ROOT, "pkg", name)
      FileUtils.mkdir_p(File.dirname(path))
      Dir.chdir(staging) { Gem::Package.build(spec, false, false, path) }
      path
    end
  end

  private

  def version(ruby) = run(ruby, "-e", 'print RUBY_VERSION[/\A\d+\.\d+/]')

  # The library for one Ruby, stripped. All Rubies share the folder: what does not know Ruby is compiled once.
  def library(version, ruby)
    tools
    # Not from a folder above the tools: zig would name its headers relative to it, and build scripts run elsewhere.
    run(environment(ruby), File.join(tools, "bin/cargo-zigbuild"), "zigbuild", "--profile", "dist", "--locked", "--package",
        "mail_room_native", "--target", "#{TRIPLE}.#{GLIBC}", "--target-dir", File.join(TARGET, "native"),
        chdir: File.join(ROOT, "ext/mail_room_native"), out: $stdout)
    strip(File.join(TARGET, "native", TRIPLE, "dist/libmail_room_native.so"), version)
  end

  def strip(built, version)
    folder = File.join(TARGET, "native/libraries", version)
    FileUtils.mkdir_p(folder)
    stripped = File.join(folder, "mail_room_native.so")
    symbols = File.join(ROOT, "pkg/debug", PLATFORM, version, "mail_room_native.so.debug")
    FileUtils.mkdir_p(File.dirname(symbols))
    run("objcopy", "--only-keep-debug", "--compress-debug-sections", built, symbols)
    run("objcopy", "--strip-all", "--add-gnu-debuglink=#{symbols}", built, stripped)
    stripped
  end

  def environment(ruby)
    { "RUBY" => ruby, "RUBYLIB" => nil, "CARGO_INCREMENTAL" => "0", "CARGO_ZIGBUILD_ZIG_PATH" => File.join(tools, "ziglang/zig") }
  end

  def tools
    @tools ||= File.join(TARGET, "native/tools").tap do |folder|
      stamp = File.join(folder, TOOLS.join("+"))
      next if File.exist?(stamp)

      FileUtils.rm_rf(folder)
      run("python3", "-m", "pip", "install", "--quiet", "--no-deps", "--target", folder, *TOOLS)
      FileUtils.touch(stamp)
    end
  end

  def run(*command, out: nil, **options)
    if out
      system(*command, **options) or raise "#{command.grep(String).first(2).join(" ")} failed"
    else
      output, status = Open3.capture2e(*command, **options)
      raise "#{command.grep(String).first(3).join(" ")} failed:\n#{output}" unless status.success?

      output
    end
  end
end
