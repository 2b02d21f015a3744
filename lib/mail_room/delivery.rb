# frozen_string_literal: true

require "mail_room/errors"
require "mail_room/suggestion"
require "mail_room/delivery/noop"
require "mail_room/delivery/logger"
require "mail_room/delivery/sidekiq"

module MailRoom
  # Where messages go: the names that `delivery_method` may have.
  module Delivery
    CLASSES = { "noop" => Noop, "logger" => Logger, "sidekiq" => Sidekiq }.freeze
    # Names of mail_room that this version does not serve yet.
    NOT_YET = %w[postback letter_opener que].freeze
    private_constant :CLASSES, :NOT_YET

    # @param name [String, Symbol]
    # @return [Class]
    # @raise [ConfigurationError] if there is no such delivery, or not yet
    def self.[](name)
      raise ConfigurationError, "delivery_method #{name} is not available yet" if NOT_YET.include?(name.to_s)

      CLASSES.fetch(name.to_s) do
        raise ConfigurationError, "there is no delivery_method #{name.inspect}#{Suggestion.hint(name, CLASSES.keys + NOT_YET)}: " \
                                  "there are #{CLASSES.keys.join(", ")}"
      end
    end
  end
end
