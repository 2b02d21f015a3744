# frozen_string_literal: true

require_relative "../errors"
require_relative "coercion"

module MailRoom
  # The types that an option may have. Each is a method that takes a value as it was given and returns it in the option's type. `nil` stays
  # `nil` unless the type says otherwise. To add a type, add a method, its description and its RBS type.
  #
  # @api private
  module OptionTypes
    # How the reference describes a value of the type. An option may describe its value itself.
    DESCRIPTIONS = {
      string: "string", text: "string", path: "path", integer: "integer", boolean: "true or false", options: "mapping",
      mapping: "mapping", boolean_or_options: "true, false or a mapping", choice: nil, headers: "mapping of names to values",
      command: "list of words, or one string", since: "date, such as 2026-11-01, or first_run", addresses: "list of addresses",
      verify_mode: nil, tls_version: "TLS1_2 or TLS1_3", logger: "mapping, or a Ruby Logger", any: nil
    }.freeze
    # What a value of the type is in Ruby, in the words of RBS.
    SIGNATURES = {
      string: "String", text: "String", path: "String", integer: "Integer", boolean: "bool", options: "Hash[Symbol, untyped]",
      mapping: "Hash[Symbol, untyped]", boolean_or_options: "bool | Hash[Symbol, untyped]", choice: "String",
      headers: "Hash[String, String?]", command: "Array[String]", since: "String", addresses: "Array[String]", verify_mode: "bool",
      tls_version: "String", logger: "untyped", any: "untyped"
    }.freeze
    # OpenSSL's constants, as numbers, so that a mailbox does not load OpenSSL.
    VERIFY_MODES = { "none" => 0, "peer" => 1, "fail_if_no_peer_cert" => 2, "client_once" => 4 }.freeze
    # Accepted spellings of a TLS version without prefix and punctuation => the native library's name for it.
    TLS_VERSIONS = { "12" => "1.2", "13" => "1.3", "771" => "1.2", "772" => "1.3" }.freeze
    # An e-mail address or a pattern of one: exactly one @, and no character that separates addresses.
    ADDRESS = /\A[^@\s,;:<>"()\0]+@[^@\s,;:<>"()\0]+\z/
    # A day, which a time may follow.
    DAY = /\A(\d{4})-(\d\d)-(\d\d)(?=\z|[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)? ?(?:Z|UTC|[+-]\d\d:?\d\d)?\z)/
    private_constant :TLS_VERSIONS, :DAY

    class << self
      # A string; an empty one counts as given.
      def string(value, field, _option)
        Coercion.string(value, field)
      end

      # A string; an empty one counts as not given.
      def text(value, field, _option)
        text = Coercion.string(value, field)
        text unless text == ""
      end

      def path(value, field, _option)
        Coercion.path(value, field)
      end

      def integer(value, field, option)
        Coercion.integer(value, field, option.range)
      end

      def boolean(value, field, _option)
        Coercion.boolean(value, field)
      end

      # A mapping; nil is an empty one.
      def options(value, field, _option)
        Coercion.options(value, field)
      end

      # A mapping; nil stays nil.
      def mapping(value, field, _option)
        Coercion.options(value, field) unless value.nil?
      end

      def boolean_or_options(value, field, _option)
        value.is_a?(Hash) ? Coercion.symbolize(value) : Coercion.boolean(value, field)
      end

      # One of the option's values, as a string or symbol.
      def choice(value, field, option)
        return if value.nil?

        word = value.to_s
        word = word.downcase if option.ignore_case
        return word if [String, Symbol].any? { |type| value.is_a?(type) } && option.values.include?(word)

        raise ConfigurationError, "#{field} must be one of #{option.values.join(", ")}"
      end

      def headers(value, field, _option)
        Coercion.options(value, field).to_h do |name, text|
          [name.to_s, Coercion.string(text, field.sub(":headers", ":headers: #{name}"))]
        end
      end

      # A program and its arguments: a list of words, or one string that is split like a shell command.
      def command(value, field, _option)
        return if value.nil?

        words = value.is_a?(Array) ? value.map { |word| Coercion.string(word, field) } : split(Coercion.string(value, field), field)
        return words unless words.empty? || words.first.to_s.empty? || words.any? { |word| word.nil? || word.include?("\0") }

        raise ConfigurationError, "#{field} must name a program to run, and may go on with its arguments"
      end

      def addresses(value, field, _option)
        return unless value
        raise ConfigurationError, "#{field} must be a list, not #{Coercion.kind(value)}" unless value.is_a?(Array)

        value.map do |entry|
          address = Coercion.string(entry, field)
          next address if address&.match?(ADDRESS)

          raise ConfigurationError, "#{field} must be a list of e-mail addresses; * is any run of characters"
        end
      end

      # A day, as a Date, a Time or text: "2026-11-01", "2026-11-01T12:00:00Z"; or "first_run". Of a time, the day counts, as it is written.
      def since(value, field, _option)
        return value&.to_s if [nil, "first_run", :first_run].include?(value)

        text = value.respond_to?(:strftime) ? value.strftime("%F") : value.to_s
        text, year, month, day = text.match(DAY)&.to_a
        return text if text && year.to_i >= 1970 && month.to_i.between?(1, 12) && day.to_i.between?(1, days_of(year.to_i, month.to_i))

        raise ConfigurationError, "#{field} must be a date such as 2026-11-01, or first_run"
      end

      # Whether certificates are verified. As a client, every mode but none verifies them.
      def verify_mode(value, field, _option)
        !openssl_mode(value, field).zero? unless value.nil?
      end

      # @return [Integer] OpenSSL's constant
      def openssl_mode(value, field)
        return value if value.is_a?(Integer) && value.between?(0, VERIFY_MODES.values.sum)

        VERIFY_MODES.fetch(value.to_s) { raise ConfigurationError, "#{field} must be one of #{VERIFY_MODES.keys.join(", ")}" }
      end

      # "TLSv1.2", :TLS1_2, "1.2", 1.2, 771 -> "1.2"
      def tls_version(value, field, _option)
        return if value.nil?

        TLS_VERSIONS.fetch(value.to_s.upcase.sub(/\ATLSV?/, "").delete("._").delete_suffix("VERSION")) do
          raise ConfigurationError, "#{field} must be TLS1_2 or TLS1_3: older versions of TLS are not supported"
        end
      end

      # A mapping, or an object that logs.
      def logger(value, field, _option)
        value.respond_to?(:info) ? value : Coercion.options(value, field)
      end

      def any(value, _field, _option)
        value
      end

      private

      # Without the library `date`, which would have to be loaded.
      def days_of(year, month)
        (Time.utc(year + (month / 12), (month % 12) + 1) - 86_400).day
      end

      def split(text, field)
        require "shellwords"
        Shellwords.split(text.to_s)
      rescue ArgumentError
        raise ConfigurationError, "#{field} has a quote that does not end", cause: nil
      end
    end
  end
end
