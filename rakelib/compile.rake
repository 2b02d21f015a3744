# frozen_string_literal: true

# The native library, built in the source tree: cargo's release profile, in the one target folder that cargo test and
# `gem install` use too.

require "rbconfig"

LIBRARY = "lib/mail_room/mail_room_native.#{RbConfig::CONFIG["DLEXT"]}".freeze

desc "Build the Rust core and put it where the facade loads it from"
task :compile do
  sh "cargo", "build", "--release", "--locked", "--package", "mail_room_native"
  built = File.join(ENV.fetch("CARGO_TARGET_DIR", "target"), "release", "libmail_room_native.#{RbConfig::CONFIG["SOEXT"]}")
  unless File.exist?(LIBRARY) && FileUtils.identical?(built, LIBRARY)
    # A new file, moved into place: a process that runs the old one keeps it.
    cp built, "#{LIBRARY}.new", verbose: false
    mv "#{LIBRARY}.new", LIBRARY
  end
end
