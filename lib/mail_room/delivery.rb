# frozen_string_literal: true

require "mail_room/errors"
require "mail_room/suggestion"
require "mail_room/delivery/noop"
require "mail_room/delivery/logger"
require "mail_room/delivery/sidekiq"
require "mail_room/delivery/postback"
require "mail_room/delivery/que"
require "mail_room/delivery/letter_opener"

module MailRoom
  # Where messages go: the names that `delivery_method` may have.
  module Delivery
    CLASSES = {
      "noop" => Noop, "logger" => Logger, "sidekiq" => Sidekiq,
      "postback" => Postback, "letter_opener" => LetterOpener, "que" => Que
    }.freeze
    # What the compiled library delivers. The others are names of mail_room that this version does not serve yet.
    NATIVE = [Noop, Logger, Sidekiq].freeze
    private_constant :CLASSES, :NATIVE

    class << self
      # @param name [String, Symbol]
      # @return [Class]
      # @raise [ConfigurationError] if there is no such delivery
      def [](name)
        CLASSES.fetch(name.to_s) do
          raise ConfigurationError, "there is no delivery_method #{name.inspect}#{Suggestion.hint(name, CLASSES.keys)}: " \
                                    "there are #{CLASSES.keys.join(", ")}"
        end
      end

      # @return [Boolean] whether exactly this class is served by the compiled library; a subclass of one is a class of its own
      def native?(klass)
        NATIVE.include?(klass)
      end
    end
  end
end
