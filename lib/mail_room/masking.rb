# frozen_string_literal: true

module MailRoom
  # Options as they may be shown to anybody: with the values of secrets replaced, in a form that can still be loaded. What is
  # called like a secret is one, unless it is the path of a file; so an option that is added later is rather hidden than shown.
  module Masking
    MASKED = "masked"
    SECRET = /pass|secret|token|credential|headers/i
    # Files, and addresses, which are masked as such.
    PLACE = /_(?:path|file|url|uri|endpoint)\z/i
    private_constant :SECRET, :PLACE

    class << self
      # @param value [Object]
      # @param key [#to_s] what the value is called
      # @return [Object] the same structure; nothing is changed in place
      def mask(value, key = nil)
        case value
        when Hash then value.to_h { |name, inner| [name, secret?(key) ? hidden(inner) : mask(inner, name)] }
        when Array then value.map { |inner| mask(inner, key) }
        when nil, true, false then value
        else secret?(key) ? MASKED : text(value)
        end
      end

      private

      def secret?(key)
        key.to_s.match?(SECRET) && !key.to_s.match?(PLACE)
      end

      def hidden(value)
        value.is_a?(Hash) || value.is_a?(Array) ? mask(value, :secret) : MASKED
      end

      # User, password and query of an address.
      def text(value)
        return value unless value.is_a?(String) && value.match?(%r{\A[a-z]+:/}i)

        value.sub(%r{//[^/?#]*@}) { |login| login.include?(":") ? "//:#{MASKED}@" : "//#{MASKED}@" }
          .sub(/\?(?!db=\d+\z).*/m, "?#{MASKED}")
      end
    end
  end
end
