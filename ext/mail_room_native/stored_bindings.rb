# frozen_string_literal: true

require "open3"
require "rbconfig"
require "shellwords"

# Whether one of the stored bindings in ext/rb_sys_build fits this Ruby: its C compiler compares them with its headers. The answer decides
# whether bindgen is compiled, which needs libclang. The build script there asks again, whoever runs cargo.
module StoredBindings
  FOLDER = File.expand_path("../rb_sys_build/bindings", __dir__)
  # Settings that can change the layout of a structure.
  FLAGS = %w[CPPFLAGS CFLAGS].freeze
  private_constant :FOLDER, :FLAGS

  module_function

  # @param config [Hash{String=>String}] RbConfig::CONFIG
  # @return [Boolean] false, too, where the compiler cannot be run
  def fit?(config = RbConfig::CONFIG)
    file = File.join(FOLDER, "#{version(config)}.c")
    return false unless config.fetch("ruby_install_name", "ruby") != "truffleruby" && File.exist?(file)

    _output, status = Open3.capture2e(*compiler(config), "-w", "-fsyntax-only", file)
    status.success?
  rescue SystemCallError, ArgumentError # no such compiler; a quotation mark too few
    false
  end

  # @return [String] "3.4"
  def version(config = RbConfig::CONFIG) = config.values_at("MAJOR", "MINOR").join(".")

  def compiler(config)
    folders = config.values_at("rubyhdrdir", "rubyarchhdrdir").compact.map { |folder| "-I#{folder}" }
    # The build script, too, compiles with the environment's flags.
    flags = [*config.values_at(*FLAGS), ENV.fetch("CFLAGS", nil)].compact
    [*Shellwords.split(ENV.fetch("CC") { config.fetch("CC", "cc") }), *folders, *flags.flat_map { |list| Shellwords.split(list) }]
  end
end
