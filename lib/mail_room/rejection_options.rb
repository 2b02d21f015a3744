# frozen_string_literal: true

require "socket"
require "mail_room/errors"
require "mail_room/option_reader"
require "mail_room/redaction"
require "mail_room/tls_options"

module MailRoom
  # The options of `rejection` of a mailbox: how senders are told where `matching` has `unmatched: reject`.
  #
  # | key | meaning | default |
  # | --- | --- | --- |
  # | method | `smtp`: we send a notice; `klass`: the app's own class is called | smtp, klass if there is one |
  # | klass | a class, or its name, with an instance method `reject(raw, match)`: truthy means that it is done | none |
  # | max_per_sender | notices to one sender within an hour, at most | 10 |
  # | max_per_hour | notices to all together within an hour, at most | 100 |
  # | address, port | the SMTP server | localhost, 25 |
  # | starttls | true: mandatory; false: never; auto: if offered, mandatory if there is a password | auto |
  # | tls | TLS from the first byte | false |
  # | ssl | a mapping, see {TlsOptions} | {} |
  # | user_name, password | the login | none |
  # | domain | what we call ourselves | the host's name |
  # | from | the notices' sender: an address, or `Name <address>` | the mailbox's email |
  # | template | file with the text, in UTF-8, with `%{subject}`, `%{reason}` and `%{mailbox}` | a text of our own |
  # | timeout | seconds until the server has to have taken a notice, 1 to 600 | 30 |
  module RejectionOptions
    KEYS = %i[method klass max_per_sender max_per_hour address port starttls tls ssl user_name password domain from template timeout].freeze
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
    private_constant :KEYS, :TEXT, :LARGEST, :FROM

    class << self
      # @param mailbox [Mailbox]
      # @return [Hash{String=>Object}, nil] as the compiled library takes it; nil if nobody is told
      # @raise [ConfigurationError] naming the field
      def to_native(mailbox)
        return if mailbox.rejection.nil?

        reader = reader(mailbox)
        reader.warn_unknown(KEYS, "rejection")
        klass = klass(mailbox)
        by = klass ? { "method" => "hook", "class_name" => klass.name || klass.inspect } : smtp(reader, mailbox)
        { "by" => by, "per_sender" => reader.integer(:max_per_sender, 0..10_000, 10),
          "in_all" => reader.integer(:max_per_hour, 0..10_000, 100) }
      end

      # @param mailbox [Mailbox]
      # @return [Class, nil] the app's own, if it is to tell senders
      # @raise [ConfigurationError]
      def klass(mailbox)
        return if mailbox.rejection.nil?

        reader = reader(mailbox)
        method = (reader.raw(:method) || (reader.raw(:klass) ? "klass" : "smtp")).to_s
        raise ConfigurationError, "#{reader.field(:method)} must be smtp or klass" unless %w[smtp klass].include?(method)
        return if method == "smtp"

        named(reader).tap do |klass|
          next if klass.is_a?(Class) && klass.method_defined?(:reject)

          raise ConfigurationError, "#{reader.field(:klass)} must be a class with an instance method reject; #{klass.inspect} is none"
        end
      end

      private

      def reader(mailbox)
        OptionReader.new(mailbox.rejection, where: "rejection of #{mailbox.title}")
      end

      def named(reader)
        klass = reader.raw(:klass)
        klass.is_a?(String) ? Object.const_get(klass) : klass
      rescue NameError
        raise ConfigurationError, "#{reader.field(:klass)}: there is no class #{klass}; require its file first", cause: nil
      end

      def smtp(reader, mailbox)
        password = reader.string(:password)
        user = reader.filled(:user_name)
        if user.nil? != password.nil?
          missing = user.nil? ? :user_name : :password
          raise ConfigurationError, "#{reader.field(missing)} is required: user_name and password belong together"
        end

        { "method" => "smtp", "host" => reader.filled(:address, "localhost"), "port" => reader.integer(:port, 1..65_535, 25),
          "security" => security(reader), "tls" => TlsOptions.to_native(reader.hash(:ssl), where: "ssl in rejection of #{mailbox.title}"),
          "domain" => domain(reader), "username" => user, "password" => password, "from" => from(reader, mailbox),
          "text" => text(reader), "timeout" => reader.integer(:timeout, 1..600, 30) }
      end

      def security(reader)
        return "tls" if reader.boolean(:tls, false)

        starttls = reader.raw(:starttls)
        return "auto" if starttls.nil? || starttls.to_s == "auto"

        reader.boolean(:starttls) ? "start_tls" : "plain"
      end

      def domain(reader)
        domain = reader.filled(:domain) || Socket.gethostname
        return domain if domain.match?(/\A[[:graph:]&&[:ascii:]]+\z/)

        raise ConfigurationError, "#{reader.field(:domain)} must be a host name"
      end

      def from(reader, mailbox)
        from = reader.filled(:from) || mailbox.email.to_s
        return from if from.match?(FROM)

        raise ConfigurationError, "#{reader.field(:from)} must be an e-mail address"
      end

      def text(reader)
        path = reader.path(:template) or return TEXT
        text = File.binread(path, LARGEST + 1).to_s.force_encoding(Encoding::UTF_8)
        return text if text.valid_encoding? && text.bytesize <= LARGEST

        raise ConfigurationError, "#{reader.field(:template)} must be a file of at most #{LARGEST} octets of text in UTF-8"
      rescue SystemCallError => e
        raise ConfigurationError, "#{reader.field(:template)} cannot be read: #{e.class.new.message}", cause: nil
      end
    end
  end
end
