# frozen_string_literal: true

require_relative "debian_ruby"
require_relative "native_gem"

# RUBIES names interpreters, separated by colons; without it: the one that runs this, and those of later Debians.
def native_rubies
  named = ENV.fetch("RUBIES", "").split(":")
  return named unless named.empty?

  here = RbConfig::CONFIG.values_at("MAJOR", "MINOR").join(".")
  [RbConfig.ruby, *(DebianRuby::RELEASES.keys - [here]).filter_map { |version| debian_ruby(version) }]
end

# One that cannot be had does not keep the gem from being built for the others.
def debian_ruby(version)
  DebianRuby.new(version).interpreter
rescue StandardError => e
  puts "no Ruby #{version}: #{e.message}"
end

def package_native(libraries, platform)
  path = NativeGem.package(libraries, platform)
  puts "#{path}: #{File.size(path)} octets"
end

desc "Build the compiled gem for #{NativeGem::PLATFORM} into pkg/, for each Ruby found (RUBIES=path:path names others)"
task :native do
  libraries = NativeGem.new(native_rubies).libraries
  NativeGem::NAMES.each { |platform| package_native(libraries, platform) }
  gaps = NativeGem.gaps(libraries.keys)
  puts "no library for Ruby #{gaps.join(", ")}: RubyGems and Bundler take the source gem there" unless gaps.empty?
end

namespace :native do
  desc "Build the library for the Ruby that runs this, or those of RUBIES, into target/native/libraries, for the release workflow"
  task :libraries do
    ENV["RUBIES"] ||= RbConfig.ruby
    NativeGem.new(native_rubies).libraries.each_value { |path| puts "#{path}: #{File.size(path)} octets" }
  end

  desc "Build the compiled gem of PLATFORM from the libraries below LIBRARIES, one folder a Ruby version, for the release workflow"
  task :package do
    libraries = Dir.glob(File.join(ENV.fetch("LIBRARIES"), "*/mail_room_native.{so,bundle}")).to_h do |path|
      [File.basename(File.dirname(path)), path]
    end
    missing = NativeGem::RUBIES - libraries.keys
    abort "no library for Ruby #{missing.join(", ")} below #{ENV.fetch("LIBRARIES")}" unless missing.empty?
    package_native(libraries, ENV.fetch("PLATFORM"))
  end
end
