# frozen_string_literal: true

require "etc"
require "mail_room/delivery/mailbox_logger"
require "mail_room/errors"
require "mail_room/native"
require "mail_room/option_reader"
require "mail_room/redaction"
require "mail_room/tls_options"

module MailRoom
  module Delivery
    # Stores each message as a job in Que's table in PostgreSQL, with the message's text as its only argument.
    #
    # | key of delivery_options | meaning | default |
    # | --- | --- | --- |
    # | host | name, address, or the folder that the server's Unix socket lies in | localhost |
    # | port | 1 to 65535 | 5432 |
    # | database | | PGDATABASE, else the user's name |
    # | username | | PGUSER, else the name of the user we run as |
    # | password | | PGPASSWORD, else none |
    # | queue | | the empty one |
    # | priority | -32768 to 32767; the smaller, the sooner | 100 |
    # | job_class | class name of the job | (required) |
    # | sslmode | disable, allow, prefer, require, verify-ca, verify-full | PGSSLMODE, else prefer |
    # | sslrootcert | PEM file with own certificate authorities, or `system`; with it, every mode verifies at least like
    #   verify-ca | PGSSLROOTCERT, else the system's |
    # | sslcert, sslkey | our certificate and its private key: PEM files; both or none | PGSSLCERT, PGSSLKEY, else none |
    # | connect_timeout, timeout | seconds until the connection stands, and until a statement is answered, 1 to 3600 | 10, 10 |
    #
    # `sslmode` and the variables mean what they mean to libpq. Its files (`~/.pgpass`, `~/.postgresql`) are not read.
    class Que
      KEYS = %i[host port database username password queue priority job_class sslmode sslrootcert sslcert sslkey connect_timeout
                timeout].freeze
      SSL_MODES = %w[disable allow prefer require verify-ca verify-full].freeze
      private_constant :KEYS, :SSL_MODES

      Options = Struct.new(:host, :port, :database, :username, :password, :queue, :priority, :job_class, :logger, :sslmode,
                           :sslrootcert, :sslcert, :sslkey, :connect_timeout, :timeout) do
        prepend MailboxLogger
        include Redaction.showing(:host, :port, :database, :queue, :priority, :job_class, :sslmode)

        # @param mailbox [Mailbox]
        # @raise [ConfigurationError] naming the field
        def initialize(mailbox)
          reader = OptionReader.new(mailbox.delivery_options, where: "delivery_options of #{mailbox.title}")
          reader.warn_unknown(KEYS, "delivery_options")
          super(reader.filled(:host, "localhost"), reader.integer(:port, 1..65_535, 5432), reader.filled(:database),
                reader.filled(:username), reader.string(:password), reader.string(:queue, ""),
                reader.integer(:priority, -32_768..32_767, 100), reader.filled(:job_class), nil, reader.filled(:sslmode),
                reader.path(:sslrootcert), reader.path(:sslcert), reader.path(:sslkey),
                reader.integer(:connect_timeout, 1..3600, 10), reader.integer(:timeout, 1..3600, 10))
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
      # @raise [DeliveryError] if the database does not take it
      def deliver(message)
        @native.deliver(message)
        options.logger.info({ delivery_method: "Que", action: "message pushed" })
        true
      end

      class << self
        # @return [Hash] as the compiled library takes it
        def to_native(mailbox)
          native(Options.new(mailbox), "delivery_options of #{mailbox.title}")
        end

        # @api private
        def native(options, where)
          raise ConfigurationError, "Field :job_class in #{where} is required" if options.job_class.nil?

          { "method" => "que", "database" => database(options, where), "priority" => options.priority, "queue" => options.queue,
            "job_class" => options.job_class }
        end

        private

        def database(options, where)
          username = options.username || environment("PGUSER") || own_name(where)
          authority = options.sslrootcert || environment("PGSSLROOTCERT")
          mode = ssl_mode(options, authority, where)
          { "host" => options.host, "port" => options.port, "username" => username,
            "database" => options.database || environment("PGDATABASE") || username,
            "password" => options.password || environment("PGPASSWORD"), "sslmode" => mode, "tls" => tls(options, authority, mode, where),
            "connect_timeout" => options.connect_timeout, "timeout" => options.timeout }
        end

        def own_name(where)
          Etc.getpwuid.name
        rescue ArgumentError
          raise ConfigurationError, "Field :username in #{where} is required: the user we run as has no name", cause: nil
        end

        def ssl_mode(options, authority, where)
          mode = options.sslmode || environment("PGSSLMODE") || (authority == "system" ? "verify-full" : "prefer")
          raise ConfigurationError, "Field :sslmode in #{where} must be one of #{SSL_MODES.join(", ")}" unless SSL_MODES.include?(mode)
          return mode unless authority == "system" && mode != "verify-full"

          raise ConfigurationError, "Field :sslmode in #{where} must be verify-full where sslrootcert is system: anybody may have a " \
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
