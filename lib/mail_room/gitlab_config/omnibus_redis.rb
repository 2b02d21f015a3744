# frozen_string_literal: true

require_relative "redis_files"

module MailRoom
  module GitlabConfig
    # The Redis of the queues of GitLab's packages, from `gitlab_rails['redis_…']` and `redis[...]`.
    class OmnibusRedis
      SOCKET = "/var/opt/gitlab/redis/redis.socket"
      private_constant :SOCKET

      # @param rails [OmnibusFile::Group] gitlab_rails
      # @param redis [OmnibusFile::Group]
      # @param path [String] the file
      def initialize(rails, redis, path)
        @rails = rails
        @redis = redis
        @path = path
      end

      # @return [Hash{Symbol=>Object}] redis_url, redis_db and other options of {RedisOptions}
      # @raise [ConfigurationError]
      def options
        RedisFiles.build(url: url, tls: tls, sentinels: sentinels, where: @path,
                         sentinel_username: value(:redis_sentinels_username),
                         sentinel_password: @rails.value(:redis_queues_sentinels_password) || value(:redis_sentinels_password),
                         db: (@rails.value(:redis_database) unless queues_of_their_own?))
      end

      private

      def value(name)
        @rails.value(name)
      end

      def queues_of_their_own?
        !value(:redis_queues_instance).nil?
      end

      def url
        return value(:redis_queues_instance) if queues_of_their_own?

        db = value(:redis_database)
        return "#{scheme}://#{login(@redis.value(:master_password) || value(:redis_password))}#{master}/#{db}" if sentinels.any?
        return "unix:#{value(:redis_socket) || SOCKET}#{"?db=#{db}" if db}" unless value(:redis_host)

        "#{scheme}://#{login(value(:redis_password))}#{value(:redis_host)}:#{value(:redis_port) || 6379}/#{db}"
      end

      def sentinels
        list = queues_of_their_own? ? value(:redis_queues_sentinels) : value(:redis_sentinels)
        Array(list).map { |sentinel| value(:redis_sentinels_ssl) ? { ssl: true, **sentinel.transform_keys(&:to_sym) } : sentinel }
      end

      def master
        @redis.value(:master_name) || "gitlab-redis"
      end

      def scheme
        value(:redis_ssl) ? "rediss" : "redis"
      end

      def login(password)
        return unless password

        require "erb"
        ":#{ERB::Util.url_encode(password.to_s)}@"
      end

      def tls
        files = { ca_file: :redis_tls_ca_cert_file, ca_path: :redis_tls_ca_cert_dir, cert: :redis_tls_client_cert_file,
                  key: :redis_tls_client_key_file }
        options = files.transform_values { |name| value(name) }.compact
        options if options.any? && url_is_encrypted?
      end

      def url_is_encrypted?
        scheme == "rediss" || value(:redis_queues_instance).to_s.start_with?("rediss:")
      end
    end
  end
end
