# frozen_string_literal: true

require "fileutils"
require "open3"
require "tempfile"

# The crates that the library is made of: cargo downloads those that it does not have. Asked for before anything is compiled, because what
# cargo says about a network that is not there is lost in a page of make.
module Crates
  module_function

  # @param features [Array<String>]
  # @return [String, nil] one line about what to do if cargo cannot get them
  def complaint(features)
    reason = refusal(features) or return
    place = ENV.key?("CARGO_HOME") ? "CARGO_HOME" : "~/.cargo"
    home = cargo_home
    unless writable?(home)
      return "gitlab-mail_room cannot be compiled here: cargo cannot write to #{place} (#{home.dump}): " \
             "set CARGO_HOME to a folder that it may write to."
    end

    "gitlab-mail_room cannot be compiled here: cargo cannot get its crates (#{reason}). Behind a proxy, set https_proxy; without a " \
      "network, install the compiled gem, or the gem that has the crates in it (`rake package:vendored`, see docs/installing.md)."
  end

  # @return [String, nil] why cargo cannot get them
  def refusal(features)
    command = [ENV.fetch("CARGO", "cargo"), "tree", "--locked", "--quiet", "--edges", "normal,build", "--prefix", "none",
               *features.flat_map { |feature| ["--features", feature] }]
    _out, err, status = Open3.capture3(*command, chdir: __dir__)
    return if status.success?

    lines = err.scrub.lines.map(&:strip).reject(&:empty?)
    cause = lines.rindex("Caused by:")
    [lines.grep(/\Aerror/).first || lines.first || status.to_s, *(lines[cause + 1] if cause)].join(": ").delete_prefix("error: ")
  end

  def cargo_home
    File.expand_path(ENV.fetch("CARGO_HOME") { File.join(Dir.home, ".cargo") })
  rescue ArgumentError # neither HOME nor an account
    ".cargo"
  end

  # Whether it is a folder that can be written to, or can be made. Only trying tells, for root.
  def writable?(folder)
    FileUtils.mkdir_p(folder)
    Tempfile.create("mail_room", folder) { true }
  rescue SystemCallError
    false
  end
end
