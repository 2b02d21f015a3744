# frozen_string_literal: true

require "mail_room/coercion"
require "mail_room/errors"
require "mail_room/option_reader"

module MailRoom
  # The options of `matching` of a mailbox: which messages are for the app. Without it all of them are delivered.
  #
  # | key | meaning | default |
  # | --- | --- | --- |
  # | address | the mailbox's address, with `%{key}` for what the app puts there; without it (a dedicated address) only
  #   references match, and gitlab_host is required | (required) |
  # | gitlab_host | the host in the ids of the app's own mails, `<reply-KEY@host>` | none: references are not looked at |
  # | also_accept | list of more addresses of ours; `*` is any run of characters; `+verify` and `+<reply token>` before the `@` match,
  #   too | none |
  # | auto_replies | `ignore`: marked like a delivered message, not delivered; `deliver` | ignore |
  # | unmatched | what becomes of a message to nobody we know: `deliver`, `ignore`, or `reject`, see {RejectionOptions} | deliver |
  # | dry_run | only log what would be done | false |
  module MatchingOptions
    KEYS = %i[address gitlab_host also_accept auto_replies unmatched dry_run].freeze
    KEY = "%{key}"
    # An address or a pattern of one: exactly one @, nothing that separates addresses.
    ADDRESS = /\A[^@\s,;:<>"()\0]+@[^@\s,;:<>"()\0]+\z/
    HOST = /\A[^@\s,;:<>"()\0]+\z/
    private_constant :KEYS, :KEY, :ADDRESS, :HOST

    class << self
      # @param options [Hash]
      # @param where [String] what the options belong to, for messages
      # @return [Hash{String=>Object}] as the compiled library takes it
      # @raise [ConfigurationError] naming the field
      def to_native(options, where:)
        reader = OptionReader.new(options, where: where)
        reader.warn_unknown(KEYS, "matching")
        {
          "address" => address(reader), "gitlab_host" => host(reader), "also_accept" => also_accept(reader),
          "auto_replies" => choice(reader, :auto_replies, %w[ignore deliver], "ignore"),
          "unmatched" => choice(reader, :unmatched, %w[deliver ignore reject], "deliver"), "dry_run" => reader.boolean(:dry_run, false)
        }
      end

      private

      def address(reader)
        address = reader.filled(:address) or raise ConfigurationError, "#{reader.field(:address)} is required"
        unless address.sub(KEY, "key").match?(ADDRESS) && address.scan(KEY).size < 2
          raise ConfigurationError, "#{reader.field(:address)} must be one e-mail address with at most one #{KEY}"
        end
        return address if address.include?(KEY) || reader.filled(:gitlab_host)

        raise ConfigurationError, "#{reader.field(:gitlab_host)} is required where the address has no #{KEY}: only references can match"
      end

      def host(reader)
        host = reader.filled(:gitlab_host)
        return host if host.nil? || host.match?(HOST)

        raise ConfigurationError, "#{reader.field(:gitlab_host)} must be a host name"
      end

      def also_accept(reader)
        list = reader.raw(:also_accept) || []
        raise ConfigurationError, "#{reader.field(:also_accept)} must be a list, not #{Coercion.kind(list)}" unless list.is_a?(Array)

        list.map do |entry|
          address = Coercion.string(entry, reader.field(:also_accept))
          next address if address&.match?(ADDRESS)

          raise ConfigurationError, "#{reader.field(:also_accept)} must be a list of e-mail addresses; * is any run of characters"
        end
      end

      def choice(reader, key, choices, default)
        value = reader.raw(key)
        return default if value.nil?
        return value.to_s if [String, Symbol].any? { |type| value.is_a?(type) } && choices.include?(value.to_s)

        raise ConfigurationError, "#{reader.field(key)} must be one of #{choices.join(", ")}"
      end
    end
  end
end
