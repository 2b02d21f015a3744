# frozen_string_literal: true

# Only in the containers of rb_sys, where the release workflow compiles for other platforms: `rake native:PLATFORM gem` of rake-compiler,
# one library for each Ruby of RUBY_CC_VERSION. The gem that is released is put together from these by `rake native:package`.
if ENV.key?("RUBY_CC_VERSION")
  require "rb_sys/extensiontask"

  specification = Gem::Specification.load(File.expand_path("../gitlab-mail_room.gemspec", __dir__))
  RbSys::ExtensionTask.new("mail_room_native", specification) do |extension|
    extension.lib_dir = "lib/mail_room"
    extension.cross_compile = true
    extension.cross_platform = %w[x86_64-linux aarch64-linux x86_64-linux-musl aarch64-linux-musl arm64-darwin]
    extension.cross_compiling { |compiled| compiled.dependencies.reject! { |dependency| dependency.name == "rb_sys" } }
  end
end
