# frozen_string_literal: true

require_relative "../errors"
require_relative "coercion"
require_relative "tables/rejection"
require_relative "tls_options"

module MailRoom
  # Converts `rejection` of a mailbox. See {OptionTables::REJECTION}.
  module RejectionOptions
    TABLE = OptionTables::REJECTION
    SMTP = OptionTables::SMTP
    TEXT = <<~TEXT
      Your message could not be handed on: %{reason}.

      Subject: %{subject}
      Sent to: %{mailbox}

      To answer a notification, reply to it and leave its recipients as they
      are. For anything else, write to the address that is shown where you
      found this one.

      This is an automatic notice. Nobody reads what is answered to it.
    TEXT
    # Octets of a template.
    LARGEST = 64 << 10
    FROM = /\A(?:[^<>\r\n]*<[^@\s<>]+@[^@\s<>]+>|[^@\s<>]+@[^@\s<>]+)\z/
    private_constant :TABLE, :SMTP, :TEXT, :LARGEST, :FROM

    class << self
      # @param mailbox [Mailbox]
      # @return [Hash{String=>Object}, nil] for the native library; nil if senders are not notified
      # @raise [ConfigurationError] naming the option
      def to_native(mailbox)
        return if mailbox.rejection.nil?

        values = TABLE.read(mailbox.rejection, where: where(mailbox), options: TABLE.own)
        klass = klass(mailbox)
        by = klass ? { "method" => "hook", "class_name" => klass.name || klass.inspect } : smtp(mailbox)
        { **TABLE.native(values, TABLE.own), "by" => by }
      end

      # @param mailbox [Mailbox]
      # @return [Class, nil] the app's own class, if it notifies senders
      # @raise [ConfigurationError]
      def klass(mailbox)
        return if mailbox.rejection.nil?

        where = where(mailbox)
        method, klass = mailbox.rejection.values_at(:method, :klass)
        method = (method || (klass ? "klass" : "smtp")).to_s
        raise ConfigurationError, "Field :method in #{where} must be smtp or klass" unless %w[smtp klass].include?(method)
        return if method == "smtp"

        named(klass, where).tap do |found|
          next if found.is_a?(Class) && found.method_defined?(:reject)

          raise ConfigurationError, "Field :klass in #{where} must be a class with an instance method reject, not #{found.inspect}"
        end
      end

      private

      def where(mailbox)
        "rejection of #{mailbox.title}"
      end

      def named(klass, where)
        klass.is_a?(String) ? Object.const_get(klass) : klass
      rescue NameError
        raise ConfigurationError, "Field :klass in #{where}: there is no class #{klass}; require its file first", cause: nil
      end

      def smtp(mailbox)
        where = where(mailbox)
        values = SMTP.read(mailbox.rejection, where: where, names: TABLE.names)
        if values[:user_name].nil? != values[:password].nil?
          missing = values[:user_name].nil? ? :user_name : :password
          raise ConfigurationError, "Field :#{missing} in #{where} is required: user_name and password belong together"
        end

        { "method" => "smtp", **SMTP.native(values)["by"], "security" => security(values, where),
          "tls" => TlsOptions.to_native(values[:ssl], where: "ssl in #{where}"), "domain" => domain(values, where),
          "from" => from(values, mailbox), "text" => text(values, where) }
      end

      def security(values, where)
        return "tls" if values[:tls]

        starttls = values[:starttls]
        return "auto" if starttls.nil? || starttls.to_s == "auto"

        Coercion.boolean(starttls, "Field :starttls in #{where}") ? "start_tls" : "plain"
      end

      def domain(values, where)
        require "socket"
        domain = values[:domain] || Socket.gethostname
        return domain if domain.match?(/\A[[:graph:]&&[:ascii:]]+\z/)

        raise ConfigurationError, "Field :domain in #{where} must be a host name"
      end

      def from(values, mailbox)
        from = values[:from] || mailbox.email.to_s
        return from if from.match?(FROM)

        raise ConfigurationError, "Field :from in #{where(mailbox)} must be an e-mail address"
      end

      def text(values, where)
        path = values[:template] or return TEXT
        text = File.binread(path, LARGEST + 1).to_s.force_encoding(Encoding::UTF_8)
        return text if text.valid_encoding? && text.bytesize <= LARGEST

        raise ConfigurationError, "Field :template in #{where} must be a file of at most #{LARGEST} octets of text in UTF-8"
      rescue SystemCallError => e
        raise ConfigurationError, "Field :template in #{where} cannot be read: #{e.class.new.message}", cause: nil
      end
    end
  end
end
