# frozen_string_literal: true

# Writes the Makefile with which `gem install` builds lib/mail_room/mail_room_native.so. In the source tree, `rake compile` builds it.

require_relative "toolchain"

# Before mkmf is loaded, which prints a page of text when a script exits.
complaint = Toolchain.complaint and abort(complaint)

require "mkmf"
require "rb_sys/mkmf"

Toolchain.say(Toolchain.about)

create_rust_makefile("mail_room/mail_room_native") do |config|
  config.extra_cargo_args = ["--locked"]
  # Nothing is downloaded but crates, unless somebody asks for it (RB_SYS_FORCE_INSTALL_RUST_TOOLCHAIN).
  config.auto_install_rust_toolchain = false
  # After `gem install` the folder built in is removed, to leave no gigabyte behind. One that the caller named is the
  # caller's, and so are the other things in it.
  config.clean_after_install = false if ENV.key?("RB_SYS_CARGO_TARGET_DIR")
end

# RubyGems says `make clean` before it builds, and rb_sys counts all of cargo's output for the profile among what is cleaned.
# A recipe sees the value that a variable was given last. The time of the installation, which RubyGems exports, would have
# cargo build ring, and all that stands on it, anew.
if ENV.key?("RB_SYS_CARGO_TARGET_DIR")
  File.write("Makefile", <<~MAKE, mode: "a")

    CLEANOBJS = $(RB_SYS_BUILD_DIR)
    CLEANLIBS = $(DLLIB)
    unexport SOURCE_DATE_EPOCH
  MAKE
end
