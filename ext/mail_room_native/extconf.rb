# frozen_string_literal: true

# Writes the Makefile with which `gem install` builds lib/mail_room/mail_room_native.so. In the source tree, `rake compile` builds it.

require_relative "build_folder"
require_relative "crates"
require_relative "toolchain"

# Before mkmf is loaded, which prints a page of text when a script exits.
complaint = BuildFolder.complaint || Toolchain.complaint and abort(complaint)

Toolchain.say(Toolchain.about)
features = Toolchain.stored_bindings? ? [] : ["generate_bindings"]
# A toolchain that is downloaded is not here yet.
complaint = Crates.complaint(features) unless Toolchain.wanted?("RB_SYS_FORCE_INSTALL_RUST_TOOLCHAIN")
abort(complaint) if complaint

# The gem that needs no network brings it, and does not depend on the gem rb_sys.
brought = File.expand_path("../../rb_sys/lib", __dir__)
$LOAD_PATH.unshift(brought) if File.directory?(brought)

require "mkmf"
require "rb_sys/mkmf"

create_rust_makefile("mail_room/mail_room_native") do |config|
  config.extra_cargo_args = ["--locked"]
  config.features = features
  # With "full", rustc has every call between two crates go through an address in memory, which the loader has to fill in: half a megabyte
  # that is read and written at each start, and stays. The library is linked with full RELRO all the same (build.rs).
  config.extra_rustflags = ["-Crelro-level=partial"] if RUBY_PLATFORM.include?("linux")
  # Nothing is downloaded but crates, unless somebody asks for it (RB_SYS_FORCE_INSTALL_RUST_TOOLCHAIN).
  config.auto_install_rust_toolchain = false
  # After `gem install` the folder built in is removed, to leave no gigabyte behind. One that the caller named is the
  # caller's, and so are the other things in it.
  config.clean_after_install = false if ENV.key?("RB_SYS_CARGO_TARGET_DIR")
end

File.write("Makefile", BuildFolder.makefile, mode: "a")
