# frozen_string_literal: true

require_relative "bounded_output"

module MailRoom
  # Warns on stderr about what an operator should know before the first mail arrives, each warning once a process. Errors are raised, and
  # what happens while mailboxes are watched goes to their logs.
  module Warnings
    @said = {}
    @lock = Mutex.new

    # @param key [Object] what the warning is about; a second warning about the same key is not printed
    # @param message [String] one line, without any secret
    # @return [Boolean] whether it was printed
    def self.once(key, message)
      first = @lock.synchronize { @said.key?(key) ? false : (@said[key] = true) }
      say(message) if first
      first
    end

    # Prints a warning whether or not it was said before.
    def self.say(message)
      BoundedOutput.say($stderr, "mail_room: warning: #{message}")
    end
  end
end
