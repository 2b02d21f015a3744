# frozen_string_literal: true

require_relative "errors"
require_relative "options/suggestion"

module MailRoom
  # The classes that an option of a mailbox chooses by name. {Delivery} and {Arbitration} extend it. A built-in class is loaded on first
  # use: a process needs one or two of them.
  #
  # @api private
  module Registry
    # @param name [String, Symbol]
    # @return [Class]
    # @raise [ConfigurationError] if no class has the name
    def [](name)
      known(name.to_s) or
        raise ConfigurationError, "there is no #{@option} #{name.inspect}#{Suggestion.hint(name, @classes.keys)}: " \
                                  "there are #{@classes.keys.join(", ")}"
    end

    # @return [Boolean] whether the native library does the work of exactly this class. A subclass is a class of its own.
    def native?(klass)
      @native.any? { |constant| !autoload?(constant) && const_get(constant).equal?(klass) }
    end

    # Gives a class a name. To register the same class again, as reloaded code does, changes nothing.
    #
    # @param name [String, Symbol]
    # @param klass [Class] with a class Options and the instance method that the option needs: `deliver` or `deliver?`
    # @raise [ConfigurationError] if another class has the name
    def register(name, klass)
      name = name.to_s
      raise ConfigurationError, "a #{@option} must have a name" if name.empty?

      known = known(name)
      if known && !(known.equal?(klass) || (known.name && known.name == klass.name))
        raise ConfigurationError, "#{@option} #{name} belongs to #{known} already"
      end

      @classes[name] = klass
    end

    private

    # @param option [String] the option that chooses
    # @param classes [Hash{String=>Symbol}] the built-in classes
    # @param folder [String] has a file for each of them, with the name that the option has for it
    # @param in_ruby [Array<Symbol>] those whose work the native library does not do
    def choose_by(option, classes, folder:, in_ruby: [])
      @option = option
      @classes = classes.dup
      @native = (classes.values - in_ruby).freeze
      classes.each { |name, constant| autoload(constant, File.join(folder, name)) }
    end

    def known(name)
      found = @classes[name]
      found.is_a?(Symbol) ? const_get(found) : found
    end
  end
end
