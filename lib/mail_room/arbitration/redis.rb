# frozen_string_literal: true

require "mail_room/native"
require "mail_room/option_reader"
require "mail_room/redaction"
require "mail_room/redis_options"

module MailRoom
  module Arbitration
    # Claims in Redis: of several processes on one mailbox, one delivers a message.
    #
    # | key of arbitration_options | meaning | default |
    # | --- | --- | --- |
    # | redis_url, redis_ssl_params, sentinels, sentinel_username, sentinel_password | see {RedisOptions} | redis://localhost:6379 |
    # | namespace | prefix of the keys (deprecated) | none |
    # | claim_ttl | seconds a claim lives unless it is renewed, from 1 | 60 |
    class Redis
      KEYS = [*RedisOptions::KEYS, :claim_ttl].freeze
      DEFAULT_CLAIM_TTL = 60
      # Seconds that {#deliver?} keeps others away, unless told otherwise.
      DEFAULT_EXPIRATION = 600

      Options = Struct.new(:redis_url, :namespace, :sentinels, :sentinel_username, :sentinel_password, :redis_ssl_params,
                           :claim_ttl) do
        include Redaction.showing(:namespace, :claim_ttl)

        # @param mailbox [Mailbox]
        # @raise [ConfigurationError] naming the field
        def initialize(mailbox)
          reader = OptionReader.new(mailbox.arbitration_options, where: "arbitration_options of #{mailbox.title}")
          reader.warn_unknown(KEYS, "arbitration_options")
          super(reader.filled(:redis_url, RedisOptions::DEFAULT_URL), reader.filled(:namespace), reader.raw(:sentinels),
                reader.filled(:sentinel_username), reader.string(:sentinel_password), reader.raw(:redis_ssl_params),
                reader.integer(:claim_ttl, 1..86_400, DEFAULT_CLAIM_TTL))
        end
      end

      # @return [Options]
      attr_reader :options

      # @param options [Options]
      # @raise [ConfigurationError]
      def initialize(options)
        @options = options
        @native = Native::Arbiter.new(self.class.native(options, "arbitration_options").except("method"))
      end

      # Claims a message for good, as the original does: whoever asks first within `expiration` gets it.
      #
      # @param uid [Integer, String]
      # @param expiration [Integer] seconds
      # @return [Boolean]
      # @raise [DeliveryError] if Redis cannot be asked
      def deliver?(uid, expiration = DEFAULT_EXPIRATION)
        @native.deliver?(uid.to_s, expiration)
      end

      # @return [Hash] as the compiled library takes it
      def self.to_native(mailbox)
        native(Options.new(mailbox), "arbitration_options of #{mailbox.title}")
      end

      # @api private
      def self.native(options, where)
        RedisOptions.warn_about_namespace(options.namespace, "arbitration_options")
        { "method" => "redis", "redis" => RedisOptions.to_native(options, db: nil, where: where),
          "namespace" => options.namespace, "claim_ttl" => options.claim_ttl || DEFAULT_CLAIM_TTL }
      end
    end
  end
end
