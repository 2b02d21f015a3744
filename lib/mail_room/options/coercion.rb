# frozen_string_literal: true

require_relative "../errors"

module MailRoom
  # Converts a value from YAML or a caller to the type of an option, where only one meaning is possible: `"993"` is a number, `12345` may
  # be a tenant's name, `"true"` is true. Any other value is an error that names its type, and not the value, which may be a secret. `nil`
  # stays `nil`.
  module Coercion
    WHOLE_NUMBER = /\A\s*[+-]?\d+\s*\z/
    # The largest signed integer of 64 bits, which is the limit of the native library.
    LARGEST = (2**63) - 1

    private_constant :WHOLE_NUMBER, :LARGEST

    class << self
      # @param value [Object]
      # @param field [String] how the option is called in an error, for example `Field :host in Mailbox`
      # @return [String, nil] in UTF-8
      # @raise [ConfigurationError]
      def string(value, field)
        case value
        when nil then nil
        when String then utf8(value, field)
        when Integer then value.to_s
        else raise ConfigurationError, "#{field} must be a string, not #{kind(value)}: put it in quotes"
        end
      end

      # A path: a string or anything that knows its own path, such as a Pathname.
      # @return [String, nil]
      # @raise [ConfigurationError]
      def path(value, field)
        string(value.respond_to?(:to_path) && !value.is_a?(IO) ? value.to_path : value, field)
      end

      # @param range [Range] what is allowed; may be endless
      # @return [Integer, nil]
      # @raise [ConfigurationError]
      def integer(value, field, range)
        number = whole_number(value)
        return if value.nil?
        raise ConfigurationError, "#{field} must be a whole number, not #{kind(value)}" if number.nil?
        return number if range.cover?(number) && number <= LARGEST

        raise ConfigurationError, "#{field} must be #{bounds(range)}, not #{number}"
      end

      # @return [Boolean, nil]
      # @raise [ConfigurationError]
      def boolean(value, field)
        case value.is_a?(String) ? value.downcase : value
        when nil then nil
        when true, "true" then true
        when false, "false" then false
        else raise ConfigurationError, "#{field} must be true or false, not #{kind(value)}"
        end
      end

      # @return [Hash] with symbol keys at every depth; empty for nil
      # @raise [ConfigurationError]
      def options(value, field)
        case value
        when nil then {}
        when Hash then symbolize(value)
        else raise ConfigurationError, "#{field} must be a mapping of options, not #{kind(value)}"
        end
      end

      # @return [Object] the same structure with every String key of every Hash as a Symbol; nothing is changed in place
      def symbolize(value)
        case value
        when Hash then value.to_h { |key, inner| [key.is_a?(String) ? key.to_sym : key, symbolize(inner)] }
        when Array then value.map { |inner| symbolize(inner) }
        else value
        end
      end

      # @return [String] what kind of value it is, without the value
      def kind(value)
        case value
        when nil then "null"
        when true, false then value.to_s
        when String then "text"
        when Symbol then "a symbol"
        when Array then "a list"
        when Hash then "a mapping"
        when Numeric then "a number of class #{value.class}"
        else "an object of class #{value.class}"
        end
      end

      private

      def whole_number(value)
        case value
        when Integer then value
        when Float then value.to_i if value.finite? && value == value.to_i
        when String then Integer(value, 10) if value.match?(WHOLE_NUMBER)
        end
      end

      def utf8(value, field)
        text = value.encoding == Encoding::BINARY ? value.dup.force_encoding(Encoding::UTF_8) : value.encode(Encoding::UTF_8)
        return text if text.valid_encoding?

        raise ConfigurationError, "#{field} must be text in UTF-8"
      rescue EncodingError
        raise ConfigurationError, "#{field} must be text in UTF-8", cause: nil
      end

      def bounds(range)
        return "at most #{range.end}" if range.begin.nil?

        range.end ? "between #{range.begin} and #{range.end}" : "at least #{range.begin} (and fit into 64 bits)"
      end
    end
  end
end
