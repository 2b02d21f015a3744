# frozen_string_literal: true

require_relative "../native"
require_relative "../options/option_struct"
require_relative "../options/redis_options"
require_relative "../options/tables/redis_arbitration"

module MailRoom
  module Arbitration
    # Claims each message in Redis: of several processes that watch one mailbox, one delivers the message. See
    # {OptionTables::REDIS_ARBITRATION}.
    class Redis
      KEYS = OptionTables::REDIS_ARBITRATION.names.freeze
      DEFAULT_CLAIM_TTL = OptionTables::REDIS_ARBITRATION[:claim_ttl].default
      # How many seconds a claim of {#deliver?} lasts by default.
      DEFAULT_EXPIRATION = 600

      Options = OptionStruct.define(OptionTables::REDIS_ARBITRATION, %i[redis_url namespace sentinels sentinel_username sentinel_password],
                                    from: :arbitration_options)

      # @return [Options]
      attr_reader :options

      # @param options [Options]
      # @raise [ConfigurationError]
      def initialize(options)
        @options = options
        @native = Native::Arbiter.new(self.class.native(options, "arbitration_options").except("method"))
      end

      # Claims a message for `expiration` seconds. The first process that asks gets it.
      #
      # @param uid [Integer, String]
      # @param expiration [Integer] seconds
      # @return [Boolean]
      # @raise [DeliveryError] if Redis cannot be asked
      def deliver?(uid, expiration = DEFAULT_EXPIRATION)
        @native.deliver?(uid.to_s, expiration)
      end

      # @return [Hash] for the native library
      def self.to_native(mailbox)
        native(Options.new(mailbox), "arbitration_options of #{mailbox.title}")
      end

      # @api private
      def self.native(options, where)
        RedisOptions.warn_about_namespace(options.namespace, "arbitration_options")
        { "method" => "redis", "redis" => RedisOptions.to_native(options, db: nil, where: where),
          **OptionTables::REDIS_ARBITRATION.native(options) }
      end
    end
  end
end
