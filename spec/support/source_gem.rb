# frozen_string_literal: true

require "fileutils"
require "open3"
require "rbconfig"

# What RubyGems unpacks of the source gem, and its way of building it, but for compiling.
class SourceGem
  ROOT = File.expand_path("../..", __dir__)
  # What the environment of these specs may have.
  UNSET = %w[RB_SYS_CARGO_TARGET_DIR RB_SYS_BUILD_DIR RB_SYS_FORCE_INSTALL_RUST_TOOLCHAIN CARGO CC MAKE make].to_h { |name| [name, nil] }

  attr_reader :folder

  # @param path [String] where it is unpacked
  # @param unpacked [Boolean] whether a gem is there already
  def initialize(path, unpacked: false)
    FileUtils.mkdir_p(path)
    %w[Cargo.toml Cargo.lock ext].each { |name| FileUtils.cp_r(File.join(ROOT, name), path) } unless unpacked
    @folder = File.join(path, "ext/mail_room_native")
  end

  # Runs extconf.rb. A shell is between us, because it writes to the standard error of the process that started it.
  #
  # @return [Array(Integer, String)] the exit status, and what it says
  def configure(env = {}, program: "extconf.rb", chdir: folder)
    _out, err, status = Open3.capture3({ **UNSET, "SOURCE_DATE_EPOCH" => "1", **env }, "/bin/sh", "-c", '"$@"; exit "$?"', "sh",
                                       RbConfig.ruby, program, chdir: chdir)
    [status.exitstatus, err]
  end

  # @return [String] what make says
  def make(*arguments, env: {})
    out, status = Open3.capture2e({ **UNSET, "SOURCE_DATE_EPOCH" => "1", **env }, "make", *arguments, chdir: folder)
    status.success? ? out : raise(out)
  end

  # What `rm` and `rmdir` would be called with.
  def deleted(env = {})
    %w[clean distclean gemclean].flat_map do |target|
      commands = make("-n", target, env: env).lines.grep(/\A(rm|rmdir) /)
      commands.flat_map { |line| line.sub(/ 2>.*/m, "").split.drop(1).reject { |word| word.start_with?("-") } }
    end
  end

  def makefile? = File.exist?(File.join(folder, "Makefile"))
end
