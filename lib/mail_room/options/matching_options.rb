# frozen_string_literal: true

require_relative "../errors"
require_relative "../output/warnings"
require_relative "incoming_address"
require_relative "option_types"
require_relative "tables/matching"

module MailRoom
  # Converts `matching` of a mailbox. See {OptionTables::MATCHING}.
  module MatchingOptions
    TABLE = OptionTables::MATCHING
    KEY = "%{key}"
    private_constant :TABLE, :KEY

    class << self
      # @param options [Hash]
      # @param where [String] what the options belong to, for errors
      # @return [Hash{String=>Object}] for the native library
      # @raise [ConfigurationError] naming the option
      def to_native(options, where:)
        values = TABLE.read(options, where: where)
        check_address(values, where)
        warn_about(values[:address])
        TABLE.native(values)
      end

      private

      # Messages may arrive all the same, so these are no errors.
      def warn_about(address)
        IncomingAddress.new(address).mistakes.each do |_status, what, fix|
          Warnings.once([:address, what], "address in matching: #{what}; #{fix[0].downcase}#{fix[1..]}")
        end
      end

      def check_address(values, where)
        address = values[:address]
        unless address.sub(KEY, "key").match?(OptionTypes::ADDRESS) && address.scan(KEY).size < 2
          raise ConfigurationError, "Field :address in #{where} must be one e-mail address with at most one #{KEY}"
        end
        return if address.include?(KEY) || values[:gitlab_host]

        raise ConfigurationError, "Field :gitlab_host in #{where} is required where the address has no #{KEY}: only references can match"
      end
    end
  end
end
