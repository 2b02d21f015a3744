# frozen_string_literal: true

require "fileutils"
require "open3"

# A library of a compiled gem. What only a debugger reads is taken out of it, and it is checked: its size, what it is for, what it links,
# and how new a libc it asks for. The tools read every platform's format, so that one machine packages for all.
#
#   library = CompiledLibrary.new("mail_room_native.so", "aarch64-linux").strip("stripped.so", debug: "mail_room_native.so.debug")
#   library.faults # => ["links libz.so.1"]
class CompiledLibrary
  # Octets.
  LIMIT = 8_000_000
  # Debian 10, Ubuntu 20.04, RHEL 8 and Amazon Linux 2023 have this one or a later one.
  GLIBC = "2.28"
  # What every system has. Of glibc before 2.34, threads and dlopen(3) are libraries of their own. musl's linker takes libc.so for itself.
  LINKED = {
    gnu: /\A(libc\.so\.6|libm\.so\.6|libgcc_s\.so\.1|libpthread\.so\.0|libdl\.so\.2|librt\.so\.1|ld-linux-[\w-]+\.so\.\d)\z/,
    musl: /\A(libc\.so|libc\.musl-\w+\.so\.1|libgcc_s\.so\.1)\z/,
    darwin: %r{\A(/usr/lib/lib(System|objc|iconv)\.[\w.]*dylib|/System/Library/Frameworks/.*)\z}
  }.freeze
  # What the headers of the formats call the processors.
  MACHINES = { "x86_64" => /X86-64/, "aarch64" => /AArch64/, "arm64" => /\bARM64\b/ }.freeze
  private_constant :LINKED, :MACHINES

  attr_reader :path

  # @param platform [String] RubyGems' name, such as "x86_64-linux-musl"
  def initialize(path, platform)
    @path = path
    @platform = platform
    @cpu = platform[/\A[^-]+/]
    @system = platform[/musl|darwin/]&.to_sym || :gnu
  end

  # Writes the library without symbols that no linker needs to `to`, and what is left out to `debug`. Mach-O's debug information stays
  # in the object files, and a debugger wants the symbols in the library: `debug` is then the library as it was built.
  #
  # @return [CompiledLibrary] the one at `to`
  def strip(to, debug:)
    [to, debug].each { |file| FileUtils.mkdir_p(File.dirname(file)) }
    if @system == :darwin
      FileUtils.cp(path, debug)
      run("llvm-objcopy", "--strip-debug", "--discard-all", path, to)
    else
      run(objcopy, "--only-keep-debug", "--compress-debug-sections", path, debug)
      run(objcopy, "--strip-all", "--add-gnu-debuglink=#{debug}", path, to)
    end
    CompiledLibrary.new(to, @platform)
  end

  # @return [Array<String>] why the library cannot be released, empty if it can
  def faults
    [*size, *machine, *signature, *linked.grep_v(LINKED.fetch(@system)).map { |name| "links #{name}" }, *symbols]
  end

  # @return [Array<String>] the libraries that it links
  def linked
    return run("readelf", "--wide", "--dynamic", path).scan(/\(NEEDED\).*\[(.+)\]/).flatten unless @system == :darwin

    used, id = %w[--dylibs-used --dylib-id].map { |option| run("llvm-objdump", "--macho", option, path).lines.drop(1).map(&:strip) }
    used.map { |line| line.sub(/ \(compatibility version.*/, "") } - id
  end

  # @return [Array<String>] the versions of glibc whose symbols it asks for, such as "2.17"
  def glibc = @system == :darwin ? [] : run("readelf", "--wide", "--version-info", path).scan(/\bGLIBC_([\w.]+)/).flatten.uniq

  private

  def size
    octets = File.size(path)
    "has #{octets} octets, more than #{LIMIT}" if octets > LIMIT
  end

  def machine
    header = @system == :darwin ? run("llvm-objdump", "--macho", "--private-header", path) : run("readelf", "--file-header", path)
    "is not for #{@cpu}" unless header.match?(MACHINES.fetch(@cpu))
  end

  # The linker signs, and llvm-objcopy signs again what it changes.
  def signature
    return unless @system == :darwin

    "has no signature, without which macOS does not load it" unless run("llvm-objdump", "--macho", "--private-headers", path)
      .include?("LC_CODE_SIGNATURE")
  end

  # With other symbols than numbered ones, such as GLIBC_ABI_DT_RELR, an older libc refuses the library, too.
  def symbols
    return glibc.map { |version| "asks musl for GLIBC_#{version}" } if @system == :musl

    newer = glibc.reject { |version| version.match?(/\A[\d.]+\z/) && Gem::Version.new(version) <= Gem::Version.new(GLIBC) }
    newer.map { |version| "asks for GLIBC_#{version}, which is not in glibc #{GLIBC}" }
  end

  # Binutils' own is for the processor of the machine only.
  def objcopy = RbConfig::CONFIG["host_os"].start_with?("linux") && RbConfig::CONFIG["host_cpu"] == @cpu ? "objcopy" : "llvm-objcopy"

  def run(*command)
    output, status = Open3.capture2e({ "LC_ALL" => "C" }, *command)
    raise "#{command.first(2).join(" ")} failed:\n#{output}" unless status.success?

    output
  rescue Errno::ENOENT
    raise "there is no `#{command.first}`: `apt-get install binutils llvm`"
  end
end
