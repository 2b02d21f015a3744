# frozen_string_literal: true

require "mail_room/errors"
require "mail_room/version"
require "rbconfig"

module MailRoom
  # Loads the compiled library. There are three places for it, and this module alone knows them:
  #
  # - `mail_room/3.3/mail_room_native.so` in a compiled gem, which brings one library for each Ruby version that it supports. A library
  #   fits only the Ruby version that it was built for (3.3 of 3.3.8): the layout of Ruby's objects changes between versions.
  # - `mail_room/mail_room_native.so` after `gem install` has built the source gem (ext/mail_room_native/extconf.rb).
  # - The same in the source tree, where `rake compile` puts it.
  #
  # RubyGems and Bundler choose between a compiled gem and the source gem by platform and Ruby version. They do not know how old the libc
  # is, and install what they are forced to.
  #
  # @api private
  module NativeLibrary
    RUBY = RbConfig::CONFIG.values_at("MAJOR", "MINOR").join(".")
    private_constant :RUBY

    class << self
      # @raise [LoadError] saying which library is missing, and the commands that bring one
      def load
        compiled = File.exist?(File.join(__dir__, library(RUBY)))
        require(compiled ? "mail_room/#{RUBY}/mail_room_native" : "mail_room/mail_room_native")
      rescue LoadError => e
        raise LoadError, compiled ? unfit(e) : missing(e), cause: nil
      end

      private

      def library(ruby) = "#{ruby}/mail_room_native.#{RbConfig::CONFIG["DLEXT"]}"

      # The Ruby versions that this gem brings a library for. Without Gem::Version, which is not there with `ruby --disable-gems`.
      def libraries
        versions = Dir.glob(library("*.*"), base: __dir__).map { |path| File.dirname(path) }
        versions.sort_by { |version| version.split(".").map(&:to_i) }
      end

      # An older libc than it was linked against, say.
      def unfit(error)
        "gitlab-mail_room #{VERSION} has a library for Ruby #{RUBY}, which cannot be loaded here: #{error.message}\n#{compile}"
      end

      def missing(error)
        return <<~TEXT.chomp unless libraries.empty?
          gitlab-mail_room #{VERSION} has libraries for Ruby #{libraries.join(" and ")}, and none for this Ruby, #{RUBY}.
          #{compile}
        TEXT

        why = "gitlab-mail_room #{VERSION} has no library that was compiled for this Ruby, #{RUBY} (#{error.message})."
        return "#{why}\nRun `rake compile` in the source tree." if File.exist?(File.join(__dir__, "../../Rakefile"))

        "#{why}\nCompile it: `gem pristine gitlab-mail_room --version #{VERSION}`; with Bundler: `bundle pristine gitlab-mail_room`."
      end

      # The compiled gem has to go first: RubyGems prefers it to the source gem of the same version.
      def compile
        "Have it compiled here: `gem uninstall gitlab-mail_room --version #{VERSION} --all --executables`, then `gem install " \
          "gitlab-mail_room --version #{VERSION} --platform ruby`; with Bundler: `bundle config set --local force_ruby_platform true`, " \
          "`bundle lock --add-platform ruby`, then `bundle install`."
      end
    end
  end
end

MailRoom::NativeLibrary.load
