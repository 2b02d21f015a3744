# frozen_string_literal: true

require "mail_room/errors"
require "mail_room/suggestion"
require "mail_room/arbitration/noop"
require "mail_room/arbitration/redis"

module MailRoom
  # Who decides between several processes on one mailbox: the names that `arbitration_method` may have.
  module Arbitration
    CLASSES = { "noop" => Noop, "redis" => Redis }.freeze
    private_constant :CLASSES

    class << self
      # @param name [String, Symbol]
      # @return [Class]
      # @raise [ConfigurationError] if there is no such arbitration
      def [](name)
        CLASSES.fetch(name.to_s) do
          raise ConfigurationError, "there is no arbitration_method #{name.inspect}#{Suggestion.hint(name, CLASSES.keys)}: " \
                                    "there are #{CLASSES.keys.join(", ")}"
        end
      end

      # @return [Boolean] whether exactly this class is served by the compiled library; a subclass of one is a class of its own
      def native?(klass)
        CLASSES.value?(klass)
      end
    end
  end
end
