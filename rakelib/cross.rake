# frozen_string_literal: true

# Only in the images of rb_sys, where the release workflow compiles for musl and macOS: `rake native:PLATFORM gem` of rake-compiler, one
# library for each Ruby of NativeGem::RUBIES. The gem that is released is put together from these by `rake native:package`. For glibc see
# `rake native:libraries`: these images have glibc 2.31, and what is linked with it does not run with the one that we promise.
if ENV.key?("RUBY_CC_VERSION")
  require "rb_sys/extensiontask"
  require_relative "native_gem"

  # Set here, where the compiler runs: neither rb-sys-dock nor the images' sudo hands on the environment of the job.
  ENV["RB_SYS_CARGO_PROFILE"] ||= "dist"
  # The image names every Ruby that it has.
  crossed = ENV.fetch("RUBY_CC_VERSION").split(":").select { |version| NativeGem::RUBIES.include?(version[/\A\d+\.\d+/]) }
  missing = NativeGem::RUBIES - crossed.map { |version| version[/\A\d+\.\d+/] }
  abort "RUBY_CC_VERSION has no Ruby #{missing.join(", ")}" unless missing.empty?
  ENV["RUBY_CC_VERSION"] = crossed.join(":")

  specification = Gem::Specification.load(File.expand_path("../gitlab-mail_room.gemspec", __dir__))
  RbSys::ExtensionTask.new("mail_room_native", specification) do |extension|
    extension.lib_dir = "lib/mail_room"
    extension.cross_compile = true
    extension.cross_platform = NativeGem::PLATFORMS.grep(/musl|darwin/)
    extension.cross_compiling { |compiled| compiled.dependencies.reject! { |dependency| dependency.name == "rb_sys" } }
  end
end
