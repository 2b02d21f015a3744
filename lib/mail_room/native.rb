# frozen_string_literal: true

require "mail_room/errors"
require "rbconfig"

# Loads the compiled library. There are three places for it, and this file alone knows them:
#
# - `mail_room/3.3/mail_room_native.so` in a compiled gem, which brings one library for each Ruby version that it supports. A library
#   fits only the Ruby version that it was built for (3.3 of 3.3.8): the layout of Ruby's objects changes between versions.
# - `mail_room/mail_room_native.so` after `gem install` has built the source gem (ext/mail_room_native/extconf.rb).
# - The same in the source tree, where `rake compile` puts it.
#
# RubyGems and Bundler choose between a compiled gem and the source gem by platform and Ruby version, so a Ruby that the compiled gem
# does not know gets the source gem.
begin
  library = "#{RbConfig::CONFIG["MAJOR"]}.#{RbConfig::CONFIG["MINOR"]}/mail_room_native"
  # Not `rescue LoadError`: when the library is there and does not load (an older libc, say), its own error is the one to show.
  compiled = File.exist?(File.join(__dir__, "#{library}.#{RbConfig::CONFIG["DLEXT"]}"))
  require(compiled ? "mail_room/#{library}" : "mail_room/mail_room_native")
rescue LoadError => e
  raise LoadError, "the compiled part of gitlab-mail_room is missing or does not fit this Ruby (#{e.message}): " \
                   "run `gem pristine gitlab-mail_room`, `gem install gitlab-mail_room --platform ruby` to compile it here, " \
                   "or `rake compile` in the source tree", cause: nil
end
