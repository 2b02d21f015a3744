# frozen_string_literal: true

require_relative "../options/option_struct"
require_relative "../options/redis_options"
require_relative "../options/tables/sidekiq"
require_relative "../output/warnings"
require_relative "mailbox_logger"
require_relative "native_delivery"

module MailRoom
  module Delivery
    # Pushes each message as a job into a Sidekiq queue. See {OptionTables::SIDEKIQ}.
    class Sidekiq
      include NativeDelivery

      Options = OptionStruct.define(OptionTables::SIDEKIQ, %i[redis_url namespace sentinels queue worker logger redis_db sentinel_username
                                                              sentinel_password], from: :delivery_options) do
        prepend MailboxLogger
      end

      # @param message [String] the raw message
      # @return [true]
      # @raise [DeliveryError]
      def deliver(message)
        @native.deliver(message)
        options.logger.info({ delivery_method: "Sidekiq", action: "message pushed" })
        true
      end

      # @api private
      def self.native(options, where)
        RedisOptions.warn_about_namespace(options.namespace, "delivery_options")
        redis = RedisOptions.to_native(options, db: options.redis_db, where: where)
        warn_about_database(redis["url"], options.redis_db, where)
        { "method" => "sidekiq", "redis" => redis, **OptionTables::SIDEKIQ.native(options) }
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
