# frozen_string_literal: true

require_relative "../config/config_file"
require_relative "../errors"
require_relative "../options/coercion"
require_relative "../options/redis_options"
require_relative "../output/warnings"

module MailRoom
  module GitlabConfig
    # The Redis of GitLab's queues, from redis.queues.yml, redis.yml or resque.yml beside gitlab.yml, or from the file that one of GitLab's
    # environment variables names. The first that exists is used.
    class RedisFiles
      # Options of TLS that have another name in GitLab.
      TLS_NAMES = { cert_file: :cert, key_file: :key }.freeze
      private_constant :TLS_NAMES

      # @param folder [String]
      # @param environment [String]
      def initialize(folder, environment)
        @folder = folder
        @environment = environment
      end

      # @return [Hash{Symbol=>Object}] redis_url, redis_db and other options of {RedisOptions}
      # @raise [ConfigurationError]
      def options
        path, settings = found
        return default if settings.nil?

        if settings[:config_command]
          raise ConfigurationError, "#{path}: config_command is not run here: write url and password into the file, or use GitLab's " \
                                    "own template (mail_room -c config/mail_room.yml)"
        end
        self.class.build(url: settings[:url], db: settings[:db], tls: settings[:ssl_params], password: settings[:password],
                         sentinels: settings[:sentinels], sentinel_password: settings[:sentinel_password], where: path)
      end

      # @return [Hash{Symbol=>Object}]
      # @raise [ConfigurationError]
      def self.build(url:, where:, db: nil, tls: nil, password: nil, sentinels: nil, sentinel_password: nil, sentinel_username: nil)
        url = Coercion.string(url, "Field :url in #{where}").to_s
        raise ConfigurationError, "Field :url in #{where} is required" if url.empty?

        url = with_password(url, password) if password
        sentinels = Array(sentinels).map { |sentinel| tls_renamed(Coercion.options(sentinel, "sentinels in #{where}")) }
        db = Coercion.integer(db, "Field :db in #{where}", 0..) || RedisOptions.database(url) || 0
        { redis_url: url, redis_db: db, redis_ssl_params: (renamed(tls) if tls),
          sentinels: (sentinels unless sentinels.empty?), sentinel_username: sentinel_username,
          sentinel_password: sentinel_password }.compact
      end

      def self.tls_renamed(sentinel)
        sentinel[:ssl_params] ? sentinel.merge(ssl_params: renamed(sentinel[:ssl_params])) : sentinel
      end

      def self.renamed(tls)
        Coercion.options(tls, "ssl_params").transform_keys { |key| TLS_NAMES.fetch(key, key) }
      end

      # Puts a password beside the address into it, unless it has one.
      def self.with_password(url, password)
        require "erb"
        url.sub(%r{\A(rediss?://)(?![^/]*@)}) { "#{Regexp.last_match(1)}:#{ERB::Util.url_encode(password.to_s)}@" }
      end
      private_class_method :tls_renamed, :renamed, :with_password

      private

      def found
        candidates.each do |path, instance|
          next unless path && File.file?(path)

          settings = of_environment(path)
          settings = settings[instance] if instance && settings.is_a?(Hash)
          return [path, settings.is_a?(String) ? { url: settings } : Coercion.options(settings, path)] if settings
        end
        nil
      end

      # @return [Array<(String, Symbol)>] files, and the key below which they have the queues
      def candidates
        [[ENV.fetch("GITLAB_REDIS_QUEUES_CONFIG_FILE", nil), nil], [File.join(@folder, "redis.queues.yml"), nil],
         [File.join(@folder, "redis.yml"), :queues], [ENV.fetch("GITLAB_REDIS_CONFIG_FILE", nil), nil],
         [File.join(@folder, "resque.yml"), nil]]
      end

      def of_environment(path)
        ConfigFile.new(path).load[@environment.to_sym]
      end

      def default
        url = RedisOptions::DEFAULT_URL
        Warnings.once([:gitlab_redis, @folder], "no resque.yml with #{@environment} in #{@folder}: using #{url} as GitLab's Redis")
        { redis_url: url, redis_db: 0 }
      end
    end
  end
end
