# frozen_string_literal: true

require "fileutils"
require "open3"

# Another Ruby than the machine's: that of a later Debian, with its libc, unpacked into a folder of ours. Needs neither root nor
# containers, and changes nothing of the machine. Its interpreter is started by its own dynamic loader, so programs that are not Ruby
# run in it as on the machine.
#
#   DebianRuby.new("3.3").interpreter  # => ".../target/rubies/3.3/usr/bin/ruby", downloaded when it is not there yet
class DebianRuby
  # Which releases have which Ruby. Experimental is no whole release: what its packages need is in sid.
  RELEASES = { "3.3" => %w[trixie], "3.4" => %w[experimental sid] }.freeze
  # What apt reads instead of the machine's configuration. A `status` without packages: what the machine has, this Ruby cannot use.
  CONFIGURATION = <<~CONF
    Dir::State::lists "%<root>s/apt/lists";
    Dir::State::status "%<root>s/apt/status";
    Dir::Cache "%<root>s/apt/cache";
    Dir::Etc::sourcelist "%<root>s/apt/sources.list";
    Dir::Etc::sourceparts "/dev/null";
    Dir::Etc::preferences "/dev/null";
    Dir::Etc::preferencesparts "/dev/null";
    APT::Default-Release "";
    APT::Sandbox::User "root";
    Acquire::Languages "none";
    Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
    Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled "false";
  CONF
  KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
  private_constant :CONFIGURATION, :KEYRING

  attr_reader :version

  # @param version [String] a key of {RELEASES}
  def initialize(version)
    @version = version
    @releases = RELEASES.fetch(version)
    @root = File.join(File.expand_path(ENV.fetch("CARGO_TARGET_DIR", File.expand_path("../target", __dir__))), "rubies", version)
  end

  # @return [String] the path of the interpreter
  # @raise [RuntimeError] if Debian's archive does not have it, or cannot be reached
  def interpreter
    unpack unless File.exist?(stamp)
    File.join(@root, "usr/bin/ruby")
  end

  # @return [Array<String>] the folders with ruby.h and with ruby/config.h, downloaded with the interpreter when they are not there yet
  # @raise [RuntimeError] as {#interpreter}
  def headers
    interpreter
    Dir.glob(File.join(@root, "usr/include/{,*-linux-gnu/}ruby-#{version}.0"))
  end

  private

  def stamp = File.join(@root, "unpacked")

  def unpack
    puts "fetching Ruby #{version} of Debian (#{@releases.join(", ")})"
    configure
    apt("update", "-qq")
    apt("install", "-qq", "--yes", "--download-only", "--no-install-recommends", "ruby#{version}", "ruby#{version}-dev", "ruby-bundler",
        "ruby-rspec")
    Dir.glob(File.join(@root, "apt/cache/archives/*.deb")).each { |package| run("dpkg-deb", "-x", package, @root) }
    wrap
    FileUtils.rm_rf(File.join(@root, "apt"))
    FileUtils.touch(stamp)
  end

  def configure
    %w[lists/partial cache/archives/partial].each { |folder| FileUtils.mkdir_p(File.join(@root, "apt", folder)) }
    File.write(File.join(@root, "apt/status"), "")
    sources = @releases.map { |release| "deb [signed-by=#{KEYRING}] #{mirror} #{release} main\n" }
    File.write(File.join(@root, "apt/sources.list"), sources.join)
    File.write(File.join(@root, "apt/apt.conf"), format(CONFIGURATION, root: @root))
  end

  # The machine's own mirror of Debian.
  def mirror
    targets = run("apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE)", "Created-By: Packages", "Origin: Debian")
    targets.lines.map(&:split).find { |_uri, release| release && !release.match?(%r{[-/]}) }&.first or
      raise "apt knows no mirror of Debian: run `apt-get update`"
  end

  # RbConfig.ruby, too, has to name something that can be run: the interpreter itself moves aside. The program finds its folder by
  # itself, so that the tree can be moved.
  def wrap
    loader = Dir.glob("usr/lib/*-linux-gnu/ld-linux-*.so.*", base: @root).first
    libraries = File.dirname(loader)
    folders = ["usr/lib/ruby/#{version}.0", "#{libraries}/ruby/#{version}.0", "usr/lib/ruby/vendor_ruby"]
    program = File.join(@root, "usr/bin/ruby#{version}")
    FileUtils.mv(program, "#{program}.bin")
    File.write(program, <<~SH)
      #!/bin/sh
      root=${0%/*}/../..
      gems="$root/usr/share/rubygems-integration/all:$root/usr/lib/ruby/gems/#{version}.0"
      case ":$GEM_PATH:" in
        *":$gems:"*) ;;
        *) export GEM_PATH="${GEM_PATH:+$GEM_PATH:}$gems" ;;
      esac
      exec "$root/#{loader}" --library-path "$root/#{libraries}" "$root/usr/bin/ruby#{version}.bin" \\
        #{folders.map { |folder| %("-I$root/#{folder}") }.join(" ")} "$@"
    SH
    FileUtils.chmod(0o755, program)
    FileUtils.ln_sf("ruby#{version}", File.join(@root, "usr/bin/ruby"))
  end

  def apt(*arguments, **options) = run("apt-get", "-c", File.join(@root, "apt/apt.conf"), *arguments, **options)

  def run(*command, **options)
    output, status = Open3.capture2e({ "DEBIAN_FRONTEND" => "noninteractive" }, *command, **options)
    raise "#{command.first(4).join(" ")} failed:\n#{output}" unless status.success?

    output
  end
end
