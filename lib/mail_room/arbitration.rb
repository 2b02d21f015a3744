# frozen_string_literal: true

require_relative "arbitration/noop"
require_relative "arbitration/redis"
require_relative "errors"
require_relative "options/suggestion"
require_relative "registry"

module MailRoom
  # Who decides between several processes on one mailbox: the names that `arbitration_method` may have.
  module Arbitration
    CLASSES = { "noop" => Noop, "redis" => Redis } # rubocop:disable Style/MutableConstant -- grows by .register
    NATIVE = [Noop, Redis].freeze
    private_constant :CLASSES, :NATIVE

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
        NATIVE.include?(klass)
      end

      # Makes a class known under a name, for `arbitration_method`.
      #
      # @param name [String, Symbol]
      # @param klass [Class] with a class Options and an instance method deliver?
      # @raise [ConfigurationError] if the name belongs to another class
      def register(name, klass)
        Registry.add(CLASSES, name, klass, "arbitration_method")
      end
    end
  end
end
