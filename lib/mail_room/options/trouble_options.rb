# frozen_string_literal: true

require_relative "../errors"
require_relative "tables/on_trouble"

module MailRoom
  # Converts `on_trouble` of a mailbox. See {OptionTables::ON_TROUBLE}.
  module TroubleOptions
    TABLE = OptionTables::ON_TROUBLE
    private_constant :TABLE

    # @param options [Hash]
    # @param where [String] what the options belong to, for errors
    # @return [Hash{String=>Object}] for the native library
    # @raise [ConfigurationError] naming the option
    def self.to_native(options, where:)
      values = TABLE.read(options, where: where)
      if values[:url].nil? == values[:command].nil?
        raise ConfigurationError, "#{where} needs one of url and command: who is told of trouble"
      end

      TABLE.native(values)
    end
  end
end
