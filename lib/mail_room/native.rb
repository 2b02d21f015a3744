# frozen_string_literal: true

require "mail_room/errors"

begin
  # Built by `gem install` (ext/mail_room_native/extconf.rb) or, in the source tree, by `rake compile`.
  require "mail_room/mail_room_native"
rescue LoadError => e
  raise LoadError, "the compiled part of gitlab-mail_room is missing or does not fit this Ruby (#{e.message}): " \
                   "run `gem pristine gitlab-mail_room`, or `rake compile` in the source tree", cause: nil
end
