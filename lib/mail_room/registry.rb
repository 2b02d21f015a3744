# frozen_string_literal: true

require_relative "errors"
require_relative "options/suggestion"

module MailRoom
  # The classes that an option of a mailbox chooses by name. {Delivery} and {Arbitration} extend it.
  #
  # @api private
  module Registry
    # @param name [String, Symbol]
    # @return [Class]
    # @raise [ConfigurationError] if no class has the name
    def [](name)
      @classes.fetch(name.to_s) do
        raise ConfigurationError, "there is no #{@option} #{name.inspect}#{Suggestion.hint(name, @classes.keys)}: " \
                                  "there are #{@classes.keys.join(", ")}"
      end
    end

    # @return [Boolean] whether the native library does the work of exactly this class. A subclass is a class of its own.
    def native?(klass)
      @native.include?(klass)
    end

    # Gives a class a name. To register the same class again, as reloaded code does, changes nothing.
    #
    # @param name [String, Symbol]
    # @param klass [Class] with a class Options and the instance method that the option needs: `deliver` or `deliver?`
    # @raise [ConfigurationError] if another class has the name
    def register(name, klass)
      name = name.to_s
      raise ConfigurationError, "a #{@option} must have a name" if name.empty?

      known = @classes[name]
      if known && !(known.equal?(klass) || (known.name && known.name == klass.name))
        raise ConfigurationError, "#{@option} #{name} belongs to #{known} already"
      end

      @classes[name] = klass
    end

    private

    # @param option [String] the option that chooses
    # @param classes [Hash{String=>Class}] the built-in classes
    # @param native [Array<Class>] those whose work the native library does
    def choose_by(option, classes, native:)
      @option = option
      @classes = classes
      @native = native.freeze
    end
  end
end
