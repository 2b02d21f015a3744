# frozen_string_literal: true

require_relative "../errors"
require_relative "../output/warnings"
require_relative "coercion"
require_relative "tables/redis"
require_relative "tls_options"

module MailRoom
  # Converts the address of a Redis server, or of the Sentinels that know it. An address may hold a password and is never shown.
  # See {OptionTables::REDIS}.
  module RedisOptions
    DEFAULT_URL = OptionTables::REDIS[:redis_url].default
    # The prefix of the claims in GitLab's Redis. GitLab sets it, not the administrator.
    GITLAB_NAMESPACE = "mail_room:gitlab"
    KEYS = OptionTables::REDIS.names.freeze

    class << self
      # @param options [#[]] redis_url, sentinels, sentinel_username, sentinel_password, redis_ssl_params
      # @param db [Integer, nil] the database; nil: the one in the address's path
      # @param where [String] what the options belong to, for errors
      # @return [Hash{String=>Object}] for the native library
      # @raise [ConfigurationError] naming the option
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

      # @return [Integer, nil] the database in the path of an address, or in `db=` of a socket's
      def database(url)
        pattern = url.start_with?("unix:") ? /[?&]db=(\d+)/ : %r{\Arediss?://(?:[^/?#]*@)?[^/?#@]*/(\d+)}
        url[pattern, 1]&.to_i
      end

      # Warns once a process that namespaces are deprecated, unless it is GitLab's.
      # @param option [String] `arbitration_options` or `delivery_options`
      def warn_about_namespace(namespace, option)
        return if namespace.nil? || namespace == GITLAB_NAMESPACE

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

      # @return [Array<(Hash, Hash)>] each Sentinel, and the login in its entry
      def sentinels(list, field)
        return [] if list.nil?
        raise ConfigurationError, "#{field} must be a list, not #{Coercion.kind(list)}" unless list.is_a?(Array)

        list.map.with_index(1) { |entry, number| sentinel(entry, "#{field.sub("Field :", "")}, entry #{number}") }
      end

      def sentinel(entry, where)
        values = OptionTables::SENTINEL.read(entry, where: where)
        tls = tls(values[:ssl_params], "ssl_params of #{where}") if values[:ssl]
        [OptionTables::SENTINEL.native(values).merge("tls" => tls), values.slice(:username, :password)]
      end

      # The login is given beside the list or in its entries. All Sentinels share one login.
      def login(part, given, sentinels, where)
        field = "Field :sentinel_#{part} in #{where}"
        logins = [Coercion.string(given, field), *sentinels.map { |_, login| login[part] }].compact.uniq
        return logins.first if logins.size < 2

        raise ConfigurationError, "#{field} must be the same for all Sentinels"
      end
    end
  end
end
