# frozen_string_literal: true

require_relative "../errors"
require_relative "coercion"
require_relative "option_types"
require_relative "tables/tls"

module MailRoom
  # Converts TLS options, which hosts write as for Ruby's OpenSSL, into what rustls can do. See {OptionTables::TLS}.
  module TlsOptions
    TABLE = OptionTables::TLS
    KEYS = TABLE.names.freeze
    VERIFY_MODES = OptionTypes::VERIFY_MODES
    private_constant :TABLE

    class << self
      # @param options [Hash] as configured
      # @param where [String] what they belong to, for errors
      # @return [Hash{String=>Object}] for the native library
      # @raise [ConfigurationError] naming the option
      def to_native(options, where:)
        given = Coercion.options(options, where)
        values = TABLE.read(given, where: where)
        # Null must not weaken or strengthen verification by accident.
        verify_mode(nil, "Field :verify_mode in #{where}") if given.fetch(:verify_mode, "peer").nil?
        check_pairs(values, where)
        TABLE.native(values)
      end

      # @param mode [Symbol, String, Integer]
      # @return [Integer] OpenSSL's constant
      # @raise [ConfigurationError] for an unknown mode
      def verify_mode(mode, field = "Field :verify_mode")
        OptionTypes.openssl_mode(mode, field)
      end

      private

      def check_pairs(values, where)
        if values[:cert].nil? != values[:key].nil?
          missing = values[:cert].nil? ? :cert : :key
          raise ConfigurationError, "Field :#{missing} in #{where} is required: cert and key belong together"
        end
        return unless values.values_at(:min_version, :max_version) == %w[1.3 1.2]

        raise ConfigurationError, "Field :max_version in #{where} is below min_version"
      end
    end
  end
end
