# frozen_string_literal: true

require "fileutils"
require "json"
require "open3"
require "rbconfig"
require "tmpdir"
require_relative "debian_ruby"

# The stored bindings in ext/rb_sys_build/bindings: made anew from the headers of each Ruby version that can be had. Needs libclang.
class RubyBindings
  ROOT = File.expand_path("..", __dir__)
  FOLDER = File.join(ROOT, "ext/rb_sys_build/bindings")
  # Crates that call Ruby's C API, each with the module in which it finds the bindings.
  CALLERS = { "rb-sys" => "crate", "magnus" => "rb_sys", "serde_magnus" => "rb_sys", "mail_room_native" => "rb_sys" }.freeze
  # Ruby 3.4 in Debian was configured with a compiler that has this header. Ruby's own definitions of the same.
  STDCKDINT = <<~C
    #define ckd_add(x, y, z) __builtin_add_overflow((y), (z), (x))
    #define ckd_sub(x, y, z) __builtin_sub_overflow((y), (z), (x))
    #define ckd_mul(x, y, z) __builtin_mul_overflow((y), (z), (x))
  C
  private_constant :CALLERS, :STDCKDINT

  # @param headers [Hash{String=>Array<String>}] the folders with ruby.h and with ruby/config.h of each version
  def initialize(headers)
    @headers = headers
  end

  # Those of the Ruby that runs this, and of those that Debian has a package for.
  #
  # @return [Hash{String=>Array<String>}]
  def self.headers
    here = RbConfig::CONFIG.values_at("MAJOR", "MINOR").join(".")
    found = { here => RbConfig::CONFIG.values_at("rubyhdrdir", "rubyarchhdrdir") }
    DebianRuby::RELEASES.each_key { |version| found[version] ||= DebianRuby.new(version).headers }
    found
  end

  # Those below a folder named in `paths`, into which a -dev package of Ruby has been unpacked.
  #
  # @return [Hash{String=>Array<String>}]
  def self.unpacked(paths)
    paths.to_h do |path|
      header = Dir.glob(File.join(path, "**/ruby.h")).find { |file| File.exist?(File.join(File.dirname(file), "ruby/ruby.h")) }
      config = Dir.glob(File.join(path, "**/ruby/config.h")).first
      raise "#{path} has no ruby.h and ruby/config.h" unless header && config

      folder = File.dirname(header)
      version = File.read(File.join(folder, "ruby/version.h")).scan(/^#define RUBY_API_VERSION_(?:MAJOR|MINOR) (\d+)/).join(".")
      [version, [folder, config.delete_suffix("/ruby/config.h")]]
    end
  end

  def write
    File.write(File.join(FOLDER, "names.txt"), names.map { |name| "#{name}\n" }.join)
    run({}, "cargo", "build", "--locked", "--package", "rb-sys-build", "--features", "generate_bindings")
    Dir.mktmpdir do |folder|
      File.write(File.join(folder, "stdckdint.h"), STDCKDINT)
      @headers.each { |version, folders| run(environment(version, *folders, folder), program, FOLDER, version) }
    end
  end

  private

  # What the callers name of the bindings, and the constants behind the conditions that they compile by: `cfg(ruby_use_flonum)`.
  def names
    packages = JSON.parse(run({}, "cargo", "metadata", "--format-version", "1", "--locked")).fetch("packages")
    found = CALLERS.flat_map do |crate, path|
      manifest = packages.find { |package| package["name"] == crate }.fetch("manifest_path")
      Dir.glob(File.join(File.dirname(manifest), "src/**/*.rs")).flat_map { |file| named(File.read(file), path) }
    end
    found.uniq.sort
  end

  def named(source, path)
    code = source.gsub(%r{//.*}, "")
    imported = code.scan(/\buse\s+(?:::)?#{path}::[^;]*;/).join
    qualified = code.scan(/(?<!\w)#{path}::(?:internal::)?(\w+)/).flatten
    conditions = code.scan(/\bruby_((?:use|have|ruby)_\w+)/).flatten.map(&:upcase)
    imported.scan(/\w+/) + qualified + conditions
  end

  # As cargo tells a build script. The headers are of no Ruby that could be run here.
  def environment(version, headers, configuration, missing)
    major, minor = version.split(".")
    target = run({}, "rustc", "--version", "--verbose")[/^host: (.*)/, 1]
    { "RBCONFIG_CROSS_COMPILING" => "yes", "RBCONFIG_MAJOR" => major, "RBCONFIG_MINOR" => minor, "RBCONFIG_rubyhdrdir" => headers,
      "RBCONFIG_rubyarchhdrdir" => configuration, "RBCONFIG_CPPFLAGS" => "-I#{missing}", "TARGET" => target, "HOST" => target,
      "OPT_LEVEL" => "0" }
  end

  def program = File.join(ENV.fetch("CARGO_TARGET_DIR", File.join(ROOT, "target")), "debug/bindings")

  def run(environment, *command)
    output, error, status = Open3.capture3(environment, *command, chdir: ROOT)
    raise "#{command.first(2).join(" ")} failed:\n#{error}" unless status.success?

    output
  end
end
