# frozen_string_literal: true

require_relative "errors"

module MailRoom
  # Names for classes of the app's own, beside those that are built in.
  #
  # @api private
  module Registry
    # Registering the same class again, as reloading code does, changes nothing.
    #
    # @param classes [Hash{String=>Class}] gains the name
    # @raise [ConfigurationError] if the name belongs to another class
    def self.add(classes, name, klass, what)
      name = name.to_s
      raise ConfigurationError, "a #{what} must have a name" if name.empty?

      known = classes[name]
      if known && !(known.equal?(klass) || (known.name && known.name == klass.name))
        raise ConfigurationError, "#{what} #{name} belongs to #{known} already"
      end

      classes[name] = klass
    end
  end
end
