# frozen_string_literal: true

require "fileutils"
require "open3"
require "rbconfig"
require "rubygems/package"
require_relative "commit"
require_relative "compiled_library"

# The compiled gems: one library for each Ruby, linked against an old glibc, without debug information, which is kept beside the gem. This
# builds the library for glibc and the processor of this machine, and packages those of all platforms. rb_sys' images, in which the release
# workflow builds for musl and macOS (cross.rake), have a glibc that is too new to link with.
class NativeGem
  ROOT = File.expand_path("..", __dir__)
  TARGET = File.expand_path(ENV.fetch("CARGO_TARGET_DIR", File.join(ROOT, "target")))
  # The names of the gems that are released. Those for glibc are not called -gnu: RubyGems before 3.3.22, which Debian 12 has, does not know
  # what follows `linux`. It writes x86_64-linux into Gemfile.lock, asks the server for a gem of that name the next time, and says that its
  # author has removed it; a lock that a later Bundler has written with -gnu, it refuses. With x86_64-linux, all of them work. On musl it
  # fits, too: there RubyGems takes the gem that was pushed later, and Bundler the one with the longer name. So push in this order.
  PLATFORMS = %w[x86_64-linux aarch64-linux x86_64-linux-musl aarch64-linux-musl arm64-darwin].freeze
  # RubyGems before this one takes a gem for musl on a system with glibc, too, and prefers it.
  MUSL_RUBYGEMS = ">= 3.3.22"
  # What `rake native` builds for here.
  PLATFORM = "#{RbConfig::CONFIG["host_cpu"]}-linux".freeze
  # It packages the same twice: as it is released, and with -gnu for a server of one's own whose users all have RubyGems 3.3.22 or later.
  NAMES = [PLATFORM, "#{PLATFORM}-gnu"].freeze
  TRIPLE = "#{RbConfig::CONFIG["host_cpu"]}-unknown-linux-gnu".freeze
  # zig brings the headers and symbols of every glibc, and cargo-zigbuild has rustc link with it. Both are programs in a folder of ours.
  # Pinned, because each version of zig takes other flags and cargo-zigbuild knows those of the versions before it.
  TOOLS = %w[cargo-zigbuild==0.24.1 ziglang==0.13.0.post1].freeze
  # Ruby versions that the released gem is for: what rb_sys' images can build, and Ruby still maintained or in a Debian that is.
  RUBIES = %w[3.1 3.2 3.3 3.4 4.0].freeze
  # Octets: a library has up to 8 million, and a third of that packed.
  LIMIT = 16_000_000
  # No Ruby version has had more releases: 2.6.10 was the highest.
  RELEASES = 20
  private_constant :RELEASES

  # @param rubies [Array<String>] paths of interpreters, each with its headers
  def initialize(rubies)
    @rubies = rubies
  end

  # @return [Hash{String=>String}] the path of the library for each Ruby version, with its debug information
  def libraries
    Dir.chdir(ROOT) { Commit.write }
    @rubies.to_h { |ruby| [version(ruby), ruby] }.to_h { |version, ruby| [version, library(version, ruby)] }
  end

  # Strips and checks `libraries`, a mapping from the Ruby version to the path of its library, and builds the gem of `platform` from them.
  # What is taken out goes into `debug` in the folder.
  #
  # @return [String] the path of the gem
  # @raise [RuntimeError] if a library cannot be released
  def self.package(libraries, platform, folder: File.join(ROOT, "pkg"))
    compiled = stripped(libraries, platform, folder)
    spec = specification(libraries.keys.sort_by { |version| Gem::Version.new(version) }, platform)
    spec.files += compiled.keys
    staging = File.join(TARGET, "native/gem")
    FileUtils.rm_rf(staging)
    spec.files.each { |file| copy(compiled.fetch(file) { File.join(ROOT, file) }, File.join(staging, file)) }
    # RubyGems before 3.3.22 knows no -gnu: it writes it into the gem, and leaves it out of the name.
    path = File.join(folder, "#{spec.name}-#{spec.version}-#{platform}.gem")
    Gem::DefaultUserInteraction.use_ui(Gem::SilentUI.new) { Dir.chdir(staging) { Gem::Package.build(spec, false, false, path) } }
    size = File.size(path)
    return path if size <= LIMIT

    FileUtils.rm_f(path)
    refuse(platform, ["has #{size} octets, more than #{LIMIT}"])
  end

  # @return [Array<String>] the Ruby versions between the first and the last of `versions` that are not among them
  def self.gaps(versions)
    first, last = versions.minmax_by { |version| Gem::Version.new(version) }
    RUBIES.select { |ruby| Gem::Version.new(ruby).between?(Gem::Version.new(first), Gem::Version.new(last)) } - versions
  end

  # @return [String, nil] the path of the gem that was built last
  def self.newest(platform = PLATFORM)
    Dir.glob(File.join(ROOT, "pkg/gitlab-mail_room-*[0-9]-#{platform}.gem")).max_by { |path| File.mtime(path) }
  end

  class << self
    private

    def stripped(libraries, platform, folder)
      libraries.to_h do |version, path|
        name = "#{version}/mail_room_native#{File.extname(path)}"
        debug = File.join(folder, "debug", platform.delete_suffix("-gnu"), "#{name}.debug")
        library = CompiledLibrary.new(path, platform).strip(File.join(TARGET, "native/stripped", platform, name), debug: debug)
        refuse("#{platform}, Ruby #{version}", library.faults)
        ["lib/mail_room/#{name}", library.path]
      end
    end

    def refuse(what, faults)
      raise "the gem cannot be released: #{what} #{faults.join(", ")}" unless faults.empty?
    end

    # The source gem's, without what is only needed to compile.
    def specification(versions, platform)
      spec = Dir.chdir(ROOT) { Gem::Specification.load(File.join(ROOT, "gitlab-mail_room.gemspec")).dup }
      spec.files = spec.files.grep_v(%r{\A(ext/|Cargo\.)})
      spec.platform = platform
      spec.extensions = []
      spec.dependencies.reject! { |dependency| dependency.name == "rb_sys" }
      spec.required_ruby_version = rubies(versions)
      spec.required_rubygems_version = MUSL_RUBYGEMS if platform.end_with?("-musl")
      spec
    end

    # A library fits no later Ruby than the last one it was built for, and none in between that it was not built for: RubyGems and Bundler
    # then take the source gem. A requirement can leave out single versions only, so each release of such a Ruby is left out.
    def rubies(versions)
      major, minor = versions.last.split(".")
      left_out = gaps(versions).flat_map { |version| (0..RELEASES).map { |release| "!= #{version}.#{release}" } }
      [">= #{versions.first}", "< #{major}.#{minor.to_i + 1}.dev", *left_out]
    end

    def copy(from, to)
      FileUtils.mkdir_p(File.dirname(to))
      FileUtils.cp(from, to)
    end
  end

  private

  def version(ruby) = run(ruby, "-e", 'print RUBY_VERSION[/\A\d+\.\d+/]')

  # The library for one Ruby. All Rubies share the folder: what does not know Ruby is compiled once.
  def library(version, ruby)
    tools
    # Not from a folder above the tools: zig would name its headers relative to it, and build scripts run elsewhere.
    run(environment(ruby), File.join(tools, "bin/cargo-zigbuild"), "zigbuild", "--profile", "dist", "--locked", "--package",
        "mail_room_native", *features(version), "--target", "#{TRIPLE}.#{CompiledLibrary::GLIBC}", "--target-dir",
        File.join(TARGET, "native"), chdir: File.join(ROOT, "ext/mail_room_native"), out: $stdout)
    File.join(TARGET, "native/libraries", version, "mail_room_native.so").tap do |path|
      FileUtils.mkdir_p(File.dirname(path))
      FileUtils.cp(File.join(TARGET, "native", TRIPLE, "dist/libmail_room_native.so"), path)
    end
  end

  # Without stored bindings they are generated, which needs libclang.
  def features(version)
    File.exist?(File.join(ROOT, "ext/rb_sys_build/bindings/#{version}.rs")) ? [] : ["--features", "generate_bindings"]
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
