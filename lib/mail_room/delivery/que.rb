# frozen_string_literal: true

require "mail_room/delivery/mailbox_logger"
require "mail_room/errors"
require "mail_room/redaction"

module MailRoom
  module Delivery
    # Puts each message as a job into Que's table in PostgreSQL. Not available yet: the options are read, nothing is delivered.
    class Que
      Options = Struct.new(:host, :port, :database, :username, :password, :queue, :priority, :job_class, :logger) do
        prepend MailboxLogger
        include Redaction.showing(:host, :port, :database, :queue, :priority, :job_class)

        # @param mailbox [Mailbox]
        def initialize(mailbox)
          options = mailbox.delivery_options
          super(options[:host] || "localhost", options[:port] || 5432, options[:database], options[:username], options[:password],
                options[:queue] || "", options[:priority] || 100, options[:job_class], nil)
          @mailbox = mailbox
        end
      end

      # @raise [ConfigurationError] always, for now
      def initialize(_options)
        raise ConfigurationError, "delivery_method que is not available yet"
      end
    end
  end
end
