# frozen_string_literal: true

require_relative "delivery/action_mailbox"
require_relative "delivery/active_job"
require_relative "delivery/command"
require_relative "delivery/letter_opener"
require_relative "delivery/logger"
require_relative "delivery/noop"
require_relative "delivery/postback"
require_relative "delivery/que"
require_relative "delivery/sidekiq"
require_relative "errors"
require_relative "options/suggestion"
require_relative "registry"

module MailRoom
  # Where messages go: the names that `delivery_method` may have.
  module Delivery
    CLASSES = { # rubocop:disable Style/MutableConstant -- grows by .register
      "noop" => Noop, "logger" => Logger, "sidekiq" => Sidekiq,
      "postback" => Postback, "letter_opener" => LetterOpener, "que" => Que,
      "action_mailbox" => ActionMailbox, "active_job" => ActiveJob, "command" => Command
    }
    # What the compiled library delivers. The rest runs in Ruby, like a class of the app's own.
    NATIVE = [Noop, Logger, Sidekiq, Postback, Que, ActionMailbox, Command].freeze
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

      # @param mailbox [Mailbox]
      # @return [Class] what the mailbox's `delivery_method` names; of a delivery with several classes, the one for this mailbox
      # @raise [ConfigurationError] if there is no such delivery
      def for(mailbox)
        klass = self[mailbox.delivery_method]
        klass.respond_to?(:for) ? klass.for(mailbox) : klass
      end

      # @return [Boolean] whether exactly this class is served by the compiled library; a subclass of one is a class of its own
      def native?(klass)
        NATIVE.include?(klass)
      end

      # Makes a class known under a name, for `delivery_method`.
      #
      # @param name [String, Symbol]
      # @param klass [Class] with a class Options and an instance method deliver
      # @raise [ConfigurationError] if the name belongs to another class
      def register(name, klass)
        Registry.add(CLASSES, name, klass, "delivery_method")
      end
    end
  end
end
