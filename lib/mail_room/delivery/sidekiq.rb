# frozen_string_literal: true

require "mail_room/delivery/mailbox_logger"
require "mail_room/native"
require "mail_room/option_reader"
require "mail_room/redaction"
require "mail_room/redis_options"

module MailRoom
  module Delivery
    # Pushes each message as a job into a Sidekiq queue.
    #
    # | key of delivery_options | meaning | default |
    # | --- | --- | --- |
    # | redis_url, redis_ssl_params, sentinels, sentinel_username, sentinel_password | see {RedisOptions} | redis://localhost:6379 |
    # | redis_db | database, whatever the path of redis_url says | 0 |
    # | namespace | prefix of the keys (deprecated) | none |
    # | queue | name of the queue | default |
    # | worker | class name of the worker | (required) |
    class Sidekiq
      KEYS = [*RedisOptions::KEYS, :redis_db, :queue, :worker].freeze
      private_constant :KEYS

      Options = Struct.new(:redis_url, :namespace, :sentinels, :queue, :worker, :logger, :redis_db, :sentinel_username,
                           :sentinel_password, :redis_ssl_params) do
        prepend MailboxLogger
        include Redaction.showing(:namespace, :queue, :worker, :redis_db)

        # @param mailbox [Mailbox]
        # @raise [ConfigurationError] naming the field
        def initialize(mailbox)
          reader = OptionReader.new(mailbox.delivery_options, where: "delivery_options of #{mailbox.title}")
          reader.warn_unknown(KEYS, "delivery_options")
          super(reader.filled(:redis_url, RedisOptions::DEFAULT_URL), reader.filled(:namespace), reader.raw(:sentinels),
                reader.filled(:queue, "default"), reader.filled(:worker), nil, reader.integer(:redis_db, 0.., 0),
                reader.filled(:sentinel_username), reader.string(:sentinel_password), reader.raw(:redis_ssl_params))
          raise ConfigurationError, "#{reader.field(:worker)} is required" if worker.nil?

          @mailbox = mailbox
        end
      end

      # @return [Options]
      attr_reader :options

      # @param options [Options]
      # @raise [ConfigurationError]
      def initialize(options)
        @options = options
        @native = Native::Delivery.new(self.class.native(options, "delivery_options"))
      end

      # @param message [String] the raw message
      # @return [true]
      # @raise [DeliveryError]
      def deliver(message)
        @native.deliver(message)
        options.logger.info({ delivery_method: "Sidekiq", action: "message pushed" })
        true
      end

      # @return [Hash] as the compiled library takes it
      def self.to_native(mailbox)
        native(Options.new(mailbox), "delivery_options of #{mailbox.title}")
      end

      # @api private
      def self.native(options, where)
        RedisOptions.warn_about_namespace(options.namespace, "delivery_options")
        redis = RedisOptions.to_native(options, db: options.redis_db, where: where)
        warn_about_database(redis["url"], options.redis_db, where)
        { "method" => "sidekiq", "redis" => redis, "namespace" => options.namespace, "queue" => options.queue,
          "worker" => options.worker }
      end

      def self.warn_about_database(url, database, where)
        path = RedisOptions.database(url)
        return if path.nil? || path == database

        Warnings.once([:redis_db, where], "redis_url in #{where} names database #{path}, but jobs go to database #{database}: " \
                                          "set redis_db")
      end
      private_class_method :warn_about_database
    end
  end
end
