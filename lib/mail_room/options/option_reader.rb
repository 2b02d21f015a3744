# frozen_string_literal: true

require_relative "../output/warnings"
require_relative "coercion"
require_relative "suggestion"

module MailRoom
  # Reads one hash of options by name and type, so that every error names the field and where it stands:
  # `Field :redis_db in delivery_options of Mailbox (name "inbox", email "in@example.com") must be ...`.
  # Does not know what the options mean.
  class OptionReader
    # @param options [Hash, nil] with symbol or string keys
    # @param where [String] what the options belong to, for messages
    # @raise [ConfigurationError] if options is neither a Hash nor nil
    def initialize(options, where:)
      @where = where
      @options = Coercion.options(options, where)
    end

    # @return [Array<Symbol>] the options that are given
    def keys
      @options.keys
    end

    # @return [Object, nil] the value as it was given
    def raw(key)
      @options[key]
    end

    # @return [Boolean] whether the key is there, even if its value is null
    def given?(key)
      @options.key?(key)
    end

    # @return [String, nil] the text, or the default when it is absent or null
    # @raise [ConfigurationError]
    def string(key, default = nil)
      value = Coercion.string(@options[key], field(key))
      value.nil? ? default : value
    end

    # @return [String, nil] like {#string}, nil also for an empty text
    # @raise [ConfigurationError]
    def filled(key, default = nil)
      value = string(key, default)
      value == "" ? default : value
    end

    # @return [String, nil]
    # @raise [ConfigurationError]
    def path(key)
      Coercion.path(@options[key], field(key))
    end

    # @param range [Range] the allowed values
    # @return [Integer, nil]
    # @raise [ConfigurationError]
    def integer(key, range, default = nil)
      value = Coercion.integer(@options[key], field(key), range)
      value.nil? ? default : value
    end

    # @return [Boolean, nil]
    # @raise [ConfigurationError]
    def boolean(key, default = nil)
      value = Coercion.boolean(@options[key], field(key))
      value.nil? ? default : value
    end

    # @return [Hash]
    # @raise [ConfigurationError]
    def hash(key)
      Coercion.options(@options[key], field(key))
    end

    # @return [String] `Field :key in ...`
    def field(key)
      "Field :#{key} in #{@where}"
    end

    # Warns about each unknown key, once a process, and suggests the nearest known one.
    # @param known [Array<Symbol>]
    # @param scope [String] what the keys are options of, in the warning. It names no mailbox: the warning stands for all of them.
    def warn_unknown(known, scope)
      (@options.keys - known).each do |key|
        Warnings.once([:unknown_option, scope, key],
                      "unknown option :#{key} in #{scope} is ignored#{Suggestion.hint(key, known)}")
      end
    end
  end
end
