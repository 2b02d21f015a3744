# frozen_string_literal: true

require "mail_room/coercion"
require "mail_room/option_reader"
require "mail_room/tls_options"
require "mail_room/warnings"

module MailRoom
  # The address of a Redis server, or of the Sentinels that know it, as the options of the sidekiq delivery and of the
  # redis arbitration write it. An address may hold a password: it is never shown.
  #
  # | key | meaning | default |
  # | --- | --- | --- |
  # | redis_url | `redis://[[user:]password@]host[:port][/db]`, `rediss://...` (TLS), `unix:/path`, `unix:///path`; with Sentinels
  #   `redis://:password@master-name/` | redis://localhost:6379 |
  # | redis_ssl_params | options of TLS, see {TlsOptions} | none |
  # | sentinels | list of host, port (26379), ssl (false), ssl_params, see {TlsOptions}, and username and password if they
  #   do not stand beside the list | none |
  # | sentinel_username, sentinel_password | login at the Sentinels | none |
  module RedisOptions
    DEFAULT_URL = "redis://localhost:6379"
    SENTINEL_PORT = 26_379
    KEYS = %i[redis_url redis_ssl_params namespace sentinels sentinel_username sentinel_password].freeze
    SENTINEL_KEYS = %i[host port ssl ssl_params username password].freeze

    private_constant :SENTINEL_PORT, :SENTINEL_KEYS

    class << self
      # @param options [#[]] redis_url, sentinels, sentinel_username, sentinel_password, redis_ssl_params
      # @param db [Integer, nil] the database; nil: the one in the address's path
      # @param where [String] what the options belong to, for messages
      # @return [Hash{String=>Object}] as the compiled library takes it
      # @raise [ConfigurationError] naming the field
      def to_native(options, db:, where:)
        sentinels = sentinels(options[:sentinels], "Field :sentinels in #{where}")
        {
          "url" => url(options[:redis_url], "Field :redis_url in #{where}"),
          "db" => db,
          "sentinels" => sentinels.map(&:first),
          "sentinel_username" => login(:username, options[:sentinel_username], sentinels, where),
          "sentinel_password" => login(:password, options[:sentinel_password], sentinels, where),
          "tls" => tls(options[:redis_ssl_params], "redis_ssl_params in #{where}")
        }
      end

      # @return [Integer, nil] the database that an address names in its path (`db=` for a socket)
      def database(url)
        pattern = url.start_with?("unix:") ? /[?&]db=(\d+)/ : %r{\Arediss?://(?:[^/?#]*@)?[^/?#@]*/(\d+)}
        url[pattern, 1]&.to_i
      end

      # Says once a process that namespaces have no future.
      # @param option [String] `arbitration_options` or `delivery_options`
      def warn_about_namespace(namespace, option)
        return if namespace.nil?

        Warnings.once([:namespace, option],
                      "Redis namespaces are deprecated: `namespace` in #{option} will be ignored by a future version")
      end

      private

      def url(value, field)
        url = Coercion.string(value, field)
        return url if url.match?(%r{\A(?:rediss?://|unix:/)[^\s\0]+\z})

        raise ConfigurationError, "#{field} must begin with redis://, rediss:// or unix:/ and contain no blanks"
      end

      def tls(params, where)
        params.nil? ? nil : TlsOptions.to_native(params, where: where)
      end

      # @return [Array<(Hash, Hash)>] each Sentinel, and the login it brings along
      def sentinels(list, field)
        return [] if list.nil?
        raise ConfigurationError, "#{field} must be a list, not #{Coercion.kind(list)}" unless list.is_a?(Array)

        list.map.with_index(1) { |entry, number| sentinel(entry, "#{field.sub("Field :", "")}, entry #{number}") }
      end

      def sentinel(entry, where)
        reader = OptionReader.new(entry, where: where)
        reader.warn_unknown(SENTINEL_KEYS, "sentinels")
        host = reader.filled(:host) or raise ConfigurationError, "#{reader.field(:host)} is required"
        tls = tls(reader.hash(:ssl_params), "ssl_params of #{where}") if reader.boolean(:ssl)
        [{ "host" => host, "port" => reader.integer(:port, 1..65_535, SENTINEL_PORT), "tls" => tls },
         { username: reader.filled(:username), password: reader.filled(:password) }]
      end

      # The login at the Sentinels stands beside them or in each of them; one login serves all.
      def login(part, given, sentinels, where)
        field = "Field :sentinel_#{part} in #{where}"
        logins = [Coercion.string(given, field), *sentinels.map { |_, login| login[part] }].compact.uniq
        return logins.first if logins.size < 2

        raise ConfigurationError, "#{field} must be the same for all Sentinels"
      end
    end
  end
end
