# frozen_string_literal: true

require_relative "option_tables"

module MailRoom
  # Replaces the secrets among options, so that the options may be shown to anybody and can still be loaded. The table of the options
  # says which are secret. Where there is none, as for the options of an app's own class, the name decides: whatever is named like a
  # secret is one, unless it is the path of a file.
  module Masking
    MASKED = "masked"
    SECRET = /pass|secret|token|credential|headers/i
    # Names of files and addresses. Addresses are masked by their form.
    PLACE = /_(?:path|file|url|uri|endpoint)\z/i
    private_constant :SECRET, :PLACE

    class << self
      # @param value [Object] options, or the value of one
      # @param table [OptionTable, nil] the table of the options
      # @return [Object] the same structure; nothing is changed in place
      def mask(value, table = nil)
        case value
        when Hash then value.to_h { |name, inner| [name, one(name, inner, table, value)] }
        when Array then value.map { |inner| mask(inner, table) }
        else text(value)
        end
      end

      # @param name [#to_s]
      # @return [Boolean] whether the name of an option is that of a secret
      def secret_name?(name)
        name.to_s.match?(SECRET) && !name.to_s.match?(PLACE)
      end

      private

      def one(name, value, table, siblings)
        option = table && table[name.to_sym]
        return hidden(value) if option ? option.secret? : secret_name?(name)

        mask(value, option && OptionTables.below(option, siblings))
      end

      def hidden(value)
        case value
        when Hash then value.transform_values { |inner| hidden(inner) }
        when Array then value.map { |inner| hidden(inner) }
        when nil, true, false then value
        else MASKED
        end
      end

      # Masks user, password and query of an address.
      def text(value)
        return value unless value.is_a?(String) && value.match?(%r{\A[a-z]+:/}i)

        value.sub(%r{//[^/?#]*@}) { |login| login.include?(":") ? "//:#{MASKED}@" : "//#{MASKED}@" }
          .sub(/\?(?!db=\d+\z).*/m, "?#{MASKED}")
      end
    end
  end
end
