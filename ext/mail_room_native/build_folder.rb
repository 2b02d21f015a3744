# frozen_string_literal: true

require_relative "toolchain"

# The folder that extconf.rb runs in, which make and cargo build in, and the paths that the environment names. rb_sys writes paths into the
# Makefile unquoted, and make splits them at blanks: `rm -fr` of two words deletes two folders.
module BuildFolder
  # What neither make nor a shell reads as anything but itself.
  PLAIN = %r{\A[\w./+,@\x80-\xff-]+\z}n
  # Variables that the Makefile puts into its rules.
  NAMED = %w[RB_SYS_CARGO_TARGET_DIR CARGO].freeze
  ANOTHER = "install it into another folder (`gem install --install-dir`, `bundle config set path`)"
  private_constant :PLAIN, :NAMED, :ANOTHER

  module_function

  # @return [String, nil] one line about a path that cannot be built in, nil if there is none
  def complaint
    why = folder || script || named || toolchain
    "gitlab-mail_room cannot be compiled here: #{why}." if why
  end

  # Deletes names below the folder only, whatever the variables say that rb_sys would have `make clean` delete. RubyGems says `make clean`
  # before it builds. In a folder that the caller named (RB_SYS_CARGO_TARGET_DIR), everything is the caller's.
  #
  # @return [String] what goes at the end of the Makefile: a recipe sees the value that a variable was given last
  def makefile
    built = ENV.key?("RB_SYS_CARGO_TARGET_DIR") ? [] : %w[target/release target/*/release]
    lines = ["CLEANOBJS = #{[*built, ".rb-sys"].join(" ")}", "CLEANLIBS = $(DLLIB)", "RUBYGEMS_CLEAN_DIRS = $(CLEANOBJS) mkmf.log"]
    # The time of the installation, which RubyGems exports, would have cargo build ring, and all that stands on it, anew.
    lines << "unexport SOURCE_DATE_EPOCH" if built.empty?
    "\n#{lines.join("\n")}\n"
  end

  # cargo and the linkers that it calls work with any other path.
  def folder
    path = Dir.pwd.dup.force_encoding(Encoding::UTF_8)
    return "the path of the folder #{path.dump} is not valid UTF-8: #{ANOTHER}" unless path.valid_encoding?

    found = path[/[%:[:cntrl:]]/] or return
    "the path of the folder #{path.dump} has #{found.dump} in it, which linkers and cargo take for something else: #{ANOTHER}"
  end

  # RubyGems runs `ruby extconf.rb` in its folder.
  def script
    path = File.dirname($PROGRAM_NAME)
    "make cannot handle the path #{path.dump}: run `ruby extconf.rb` in that folder" unless plain?(path)
  end

  def named
    name = NAMED.find { |variable| ENV.key?(variable) && !plain?(ENV.fetch(variable)) } or return
    "make cannot handle the path in #{name}, #{ENV.fetch(name).dump}: unset it, or name a path without blanks and special characters"
  end

  # rb_sys puts the toolchain that it downloads into the folder, by an absolute path that is not quoted.
  def toolchain
    path = ENV.fetch("RB_SYS_BUILD_DIR", Dir.pwd)
    return if plain?(path) || !Toolchain.wanted?("RB_SYS_FORCE_INSTALL_RUST_TOOLCHAIN")

    "make cannot handle #{path.dump}, where RB_SYS_FORCE_INSTALL_RUST_TOOLCHAIN has Rust put: unset it and install Rust by rustup"
  end

  def plain?(path) = path.b.match?(PLAIN)
end
