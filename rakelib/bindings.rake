# frozen_string_literal: true

# After a change of rb-sys or magnus, or for a new Ruby. Bindings to a version that Debian does not have are made from a folder in HEADERS.
desc "Make the stored bindings to Ruby anew; needs libclang (HEADERS=folder:folder adds Rubies whose -dev package was unpacked there)"
task :bindings do
  require_relative "ruby_bindings"
  require_relative "../ext/mail_room_native/toolchain"
  abort "rake bindings needs libclang: `apt-get install libclang-dev`" if Toolchain.libclang
  headers = RubyBindings.headers.merge(RubyBindings.unpacked(ENV.fetch("HEADERS", "").split(":")))
  RubyBindings.new(headers).write
  sh "cargo", "test", "--locked", "--package", "rb-sys-build"
  puts "stored bindings: Ruby #{headers.keys.sort.join(", ")}. A version that is new has to be named in ext/rb_sys_build/src/stored.rs."
end
