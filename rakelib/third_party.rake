# frozen_string_literal: true

require "fileutils"
require_relative "licenses"

# Compiled on demand, which takes minutes, into a folder of ours. Pinned: what a later version refuses is not for a build to find out.
CARGO_DENY = "0.20.2"

desc "Write THIRD_PARTY_LICENSES.txt anew, from the crates of Cargo.lock"
task :licenses do
  File.write(Licenses::PATH, Licenses.new.to_s)
end

desc "Check licences, bans and sources of the crates with cargo-deny, which is compiled first"
task :deny do
  folder = File.expand_path(File.join(ENV.fetch("CARGO_TARGET_DIR", "target"), "tools", "cargo-deny-#{CARGO_DENY}"))
  program = File.join(folder, "bin/cargo-deny")
  unless File.exist?(program)
    # Without its default features, which read databases of advisories with git.
    sh "cargo", "install", "cargo-deny", "--version", CARGO_DENY, "--locked", "--debug", "--no-default-features", "--root", folder,
       "--target-dir", "#{folder}.build"
    FileUtils.rm_rf("#{folder}.build")
  end
  sh program, "--offline", "check", "licenses", "bans", "sources"
end
