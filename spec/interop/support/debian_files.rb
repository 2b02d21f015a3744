# frozen_string_literal: true

require "etc"
require "fileutils"
require "open3"

# Files of Debian packages, unpacked into a folder of ours and run from there. Debian lets only one IMAP server be installed at a
# time; unpacked, all of them run side by side, and nothing of the machine changes.
#
#   files = DebianFiles.new("cyrus", "cyrus-imapd")
#   files.path("usr/lib/cyrus/bin/imapd")  # downloads and unpacks what is not there yet
#   files.env                              # what its programs need in their environment
class DebianFiles
  ROOT = File.join(ENV.fetch("CARGO_TARGET_DIR", File.expand_path("../../../target", __dir__)), "interop")

  # @param name [String] of the folder
  # @param packages [Array<String>] these, and the libraries that they need and the machine does not have
  def initialize(name, *packages)
    @root = File.join(ROOT, name)
    @packages = packages
  end

  # @return [String] an absolute path
  def path(file)
    unpack unless File.exist?(stamp)
    File.join(@root, file)
  end

  # @return [Hash{String => String}]
  def env
    unpack unless File.exist?(stamp)
    folders = Dir.glob(File.join(@root, "{usr/,}lib", "**", "*.so*")).map { |file| File.dirname(file) }.uniq
    { "LD_LIBRARY_PATH" => folders.join(":") }
  end

  private

  def stamp = File.join(@root, "unpacked")

  def unpack
    downloads = File.join(@root, "packages")
    FileUtils.mkdir_p(downloads)
    run("apt-get", "download", "-qq", *@packages, *missing_libraries, chdir: downloads)
    Dir.glob(File.join(downloads, "*.deb")).each { |package| run("dpkg-deb", "-x", package, @root) }
    # Servers that give up root's rights must still reach their programs.
    run("chmod", "-R", "a+rX", @root)
    FileUtils.touch(stamp)
  end

  def missing_libraries
    kinds = %w[recommends suggests conflicts breaks replaces enhances].map { |kind| "--no-#{kind}" }
    names = run("apt-cache", "depends", "--recurse", *kinds, *@packages).scan(/^[a-z0-9][a-z0-9.+-]*/).uniq
    names.grep(/\A(lib|cyrus|courier|mailutils|gamin|sasl)/).reject { |name| @packages.include?(name) || installed?(name) }
  end

  def installed?(package)
    status, = Open3.capture2e("dpkg-query", "-W", "-f", "${db:Status-Abbrev}", package)
    status.start_with?("ii")
  end

  def run(*command, **options)
    output, status = Open3.capture2e(*command, **options)
    raise "#{command.first(3).join(" ")} failed:\n#{output}" unless status.success?

    output
  end
end
