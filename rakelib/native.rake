# frozen_string_literal: true

require_relative "debian_ruby"
require_relative "native_gem"

# RUBIES names interpreters, separated by colons; without it: the one that runs this, and those of later Debians.
def native_rubies
  named = ENV.fetch("RUBIES", "").split(":")
  return named unless named.empty?

  here = RbConfig::CONFIG.values_at("MAJOR", "MINOR").join(".")
  [RbConfig.ruby, *(DebianRuby::RELEASES.keys - [here]).map { |version| DebianRuby.new(version).interpreter }]
end

desc "Build the compiled gem for #{NativeGem::PLATFORM} into pkg/, for each Ruby found (RUBIES=path:path names others)"
task :native do
  path = NativeGem.new(native_rubies).build
  puts "#{path}: #{File.size(path)} octets"
end

namespace :native do
  desc "Build the compiled gem of PLATFORM from the libraries below LIBRARIES, one folder a Ruby version, for the release workflow"
  task :package do
    libraries = Dir.glob(File.join(ENV.fetch("LIBRARIES"), "*/mail_room_native.{so,bundle}")).to_h do |path|
      [File.basename(File.dirname(path)), path]
    end
    missing = NativeGem::RUBIES - libraries.keys
    abort "no library for Ruby #{missing.join(", ")} below #{ENV.fetch("LIBRARIES")}" unless missing.empty?
    puts NativeGem.package(libraries, ENV.fetch("PLATFORM"))
  end
end
