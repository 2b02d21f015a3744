# frozen_string_literal: true

require_relative "../errors"
require_relative "../options/option_struct"
require_relative "../options/tables/que"
require_relative "../options/tls_options"
require_relative "mailbox_logger"
require_relative "native_delivery"

module MailRoom
  module Delivery
    # Stores each message as a job in Que's table in PostgreSQL. See {OptionTables::QUE}.
    class Que
      include NativeDelivery

      SSL_MODES = %w[disable allow prefer require verify-ca verify-full].freeze
      private_constant :SSL_MODES

      Options = OptionStruct.define(OptionTables::QUE, %i[host port database username password queue priority job_class logger],
                                    from: :delivery_options) do
        prepend MailboxLogger
      end

      # @param message [String] the raw message
      # @return [true]
      # @raise [DeliveryError] if the database does not take it
      def deliver(message)
        @native.deliver(message)
        options.logger.info({ delivery_method: "Que", action: "message pushed" })
        true
      end

      class << self
        # @api private
        def native(options, where)
          raise ConfigurationError, "Field :job_class in #{where} is required" if options.job_class.nil?

          native = OptionTables::QUE.native(options)
          { "method" => "que", **native, "database" => native["database"].merge(database(options, where)) }
        end

        private

        # libpq's environment variables are the defaults.
        def database(options, where)
          username = options.username || environment("PGUSER") || own_name(where)
          authority = options.sslrootcert || environment("PGSSLROOTCERT")
          mode = ssl_mode(options, authority, where)
          { "username" => username, "database" => options.database || environment("PGDATABASE") || username,
            "password" => options.password || environment("PGPASSWORD"), "sslmode" => mode, "tls" => tls(options, authority, mode, where) }
        end

        def own_name(where)
          require "etc"
          Etc.getpwuid.name
        rescue ArgumentError
          raise ConfigurationError, "Field :username in #{where} is required: the current user has no name", cause: nil
        end

        def ssl_mode(options, authority, where)
          mode = options.sslmode || environment("PGSSLMODE") || (authority == "system" ? "verify-full" : "prefer")
          raise ConfigurationError, "Field :sslmode in #{where} must be one of #{SSL_MODES.join(", ")}" unless SSL_MODES.include?(mode)
          return mode unless authority == "system" && mode != "verify-full"

          raise ConfigurationError, "Field :sslmode in #{where} must be verify-full if sslrootcert is system: anybody may have a " \
                                    "certificate of those authorities"
        end

        def tls(options, authority, mode, where)
          cert = options.sslcert || environment("PGSSLCERT")
          key = options.sslkey || environment("PGSSLKEY")
          if cert.nil? != key.nil?
            missing = cert.nil? ? :sslcert : :sslkey
            raise ConfigurationError, "Field :#{missing} in #{where} is required: sslcert and sslkey belong together"
          end

          native = TlsOptions.to_native({ ca_file: (authority unless authority == "system"), cert: cert, key: key }, where: where)
          native.merge("verify" => mode.start_with?("verify-") || !authority.nil?, "verify_hostname" => mode == "verify-full")
        end

        def environment(name)
          value = ENV.fetch(name, nil)
          value unless value.to_s.empty?
        end
      end
    end
  end
end
