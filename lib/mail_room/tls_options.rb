# frozen_string_literal: true

require "mail_room/coercion"
require "mail_room/option_reader"
require "mail_room/suggestion"

module MailRoom
  # TLS options as hosts write them, in the words of Ruby's OpenSSL (`ssl` of a mailbox, `redis_ssl_params`, `ssl_params`
  # of a Sentinel), put into what rustls can do. A key that rustls has no notion of is an error: security options are
  # never ignored.
  #
  # | key | meaning | default |
  # | --- | --- | --- |
  # | verify_mode | none, peer, client_once, fail_if_no_peer_cert, or OpenSSL's number; for a client everything but none verifies | peer |
  # | verify_hostname | whether who verifies also compares the name | true |
  # | ca_file, ca_path | PEM file, or directory of them, with own authorities; others in it vouch for themselves only | the system's |
  # | cert, key | our certificate and its private key: PEM files; both or none | none |
  # | min_version, max_version | TLS1_2 or TLS1_3 (also TLSv1.2, 1.2, OpenSSL's number) | TLS1_2, TLS1_3 |
  module TlsOptions
    # OpenSSL's constants, as numbers so that nobody has to load OpenSSL for a mailbox.
    VERIFY_MODES = { "none" => 0, "peer" => 1, "fail_if_no_peer_cert" => 2, "client_once" => 4 }.freeze

    KEYS = %i[verify_mode verify_hostname ca_file ca_path cert key min_version max_version].freeze

    # Accepted spellings, normalised (see {.version}) => what the compiled library calls it.
    VERSIONS = { "12" => "1.2", "13" => "1.3", "771" => "1.2", "772" => "1.3" }.freeze
    private_constant :VERSIONS

    class << self
      # @param options [Hash] as configured
      # @param where [String] what they belong to, for messages
      # @return [Hash{String=>Object}] as the compiled library takes it
      # @raise [ConfigurationError] naming the key
      def to_native(options, where:)
        reader = OptionReader.new(options, where: where)
        Coercion.options(options, where).each_key { |key| known!(key, reader) }
        verified = { "verify" => verify?(reader), "verify_hostname" => reader.boolean(:verify_hostname, true) }
        files(reader).merge(versions(reader), verified).tap { |tls| coherent!(tls, reader) }
      end

      # @param mode [Symbol, String, Integer]
      # @return [Integer] OpenSSL's constant
      # @raise [ConfigurationError] for a mode that does not exist
      def verify_mode(mode, field = "Field :verify_mode")
        return mode if mode.is_a?(Integer) && mode.between?(0, VERIFY_MODES.values.sum)

        VERIFY_MODES.fetch(mode.to_s) do
          raise ConfigurationError, "#{field} must be one of #{VERIFY_MODES.keys.join(", ")}"
        end
      end

      private

      def known!(key, reader)
        return if KEYS.include?(key)

        raise ConfigurationError, "#{reader.field(key)} is not supported#{Suggestion.hint(key, KEYS)}: " \
                                  "TLS options are #{KEYS.join(", ")}"
      end

      def verify?(reader)
        return true unless reader.given?(:verify_mode)

        !verify_mode(reader.raw(:verify_mode), reader.field(:verify_mode)).zero?
      end

      def files(reader)
        %i[ca_file ca_path cert key].to_h do |key|
          path = reader.path(key)
          # Errors about a file quote its path: text in place of one would end up in the log, private key and all.
          if path&.match?(/-----BEGIN|[\r\n\0]/)
            raise ConfigurationError, "#{reader.field(key)} must be the path of a PEM file, not its content"
          end

          [key.to_s, path]
        end
      end

      def versions(reader)
        %i[min_version max_version].to_h do |key|
          value = reader.raw(key)
          [key.to_s, value.nil? ? nil : version(value, reader.field(key))]
        end
      end

      # "TLSv1.2", :TLS1_2, "1.2", 1.2, 771 -> "1.2"
      def version(value, field)
        VERSIONS.fetch(value.to_s.upcase.sub(/\ATLSV?/, "").delete("._").delete_suffix("VERSION")) do
          raise ConfigurationError, "#{field} must be TLS1_2 or TLS1_3: older versions of TLS are not supported"
        end
      end

      def coherent!(tls, reader)
        if tls["cert"].nil? != tls["key"].nil?
          missing = tls["cert"].nil? ? :cert : :key
          raise ConfigurationError, "#{reader.field(missing)} is required: cert and key belong together"
        end
        return unless [tls["min_version"], tls["max_version"]] == %w[1.3 1.2]

        raise ConfigurationError, "#{reader.field(:max_version)} is below min_version"
      end
    end
  end
end
