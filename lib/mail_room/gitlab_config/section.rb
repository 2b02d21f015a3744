# frozen_string_literal: true

require_relative "../errors"
require_relative "../options/option_reader"
require_relative "../options/redis_options"
require_relative "../options/tables/gitlab_section"
require_relative "../output/warnings"

module MailRoom
  module GitlabConfig
    # What a section needs from its installation.
    #
    # @!attribute gitlab_host
    #   @return [String, nil] the host in the ids of GitLab's own mails
    # @!attribute gitlab_url
    #   @return [String, nil] GitLab's address, where the section has none
    # @!attribute url_setting
    #   @return [String, nil] the setting that gitlab_url comes from, if the check may go on without it
    # @!attribute root
    #   @return [String] what relative paths are relative to
    # @!attribute log_path
    #   @return [String] the default
    # @!attribute secret_file
    #   @return [String] the default
    # @!attribute delivery_method
    #   @return [String] the default
    # @!attribute redis
    #   @return [#call] returns the options of Redis, see {OptionTables::REDIS}, and redis_db
    # @!attribute secrets
    #   @return [#call] returns user and password from an encrypted file, or an empty hash
    Surroundings = Struct.new(:gitlab_host, :gitlab_url, :url_setting, :root, :log_path, :secret_file, :delivery_method, :redis, :secrets,
                              keyword_init: true)

    # `incoming_email` or `service_desk_email`, converted into the options of a mailbox. See {OptionTables::GITLAB_SECTION}.
    class Section
      TABLE = OptionTables::GITLAB_SECTION
      KEYS = TABLE.names.freeze
      DELIVERIES = %w[sidekiq webhook].freeze
      # What GitLab's API asks of a request.
      API_HEADER = "Gitlab-Mailroom-Api-Request"
      API_ISSUER = "gitlab-mailroom"
      API_PATH = "/api/v4/internal/mail_room/"
      # Seconds that a token signed with signing_key_file is valid.
      TOKEN_LIFE = 60
      private_constant :TABLE, :DELIVERIES, :API_HEADER, :API_ISSUER, :API_PATH, :TOKEN_LIFE

      # @return [String] for messages
      attr_reader :title

      # @param type [Symbol] incoming_email or service_desk_email
      # @param options [Hash, nil]
      # @param file [String] the file that the section is in
      # @yieldreturn [Surroundings] called only if the section is enabled
      def initialize(type, options, file, &surroundings)
        @type = type
        @title = "#{type} in #{file}"
        @options = options
        @surroundings = surroundings
      end

      def enabled?
        reader = OptionReader.new(@options, where: @title)
        TABLE[:enabled].read(reader)
      end

      # @return [Hash{Symbol=>Object}] as {Mailbox} takes it
      # @raise [ConfigurationError] naming the setting
      def to_mailbox
        @values = TABLE.read(@options, where: @title, scope: "GitLab's #{@type}")
        server.merge(folder, matching, delivery, arbitration)
      end

      private

      def around
        @around ||= @surroundings.call
      end

      def server
        secrets = around.secrets.call
        login = { email: secrets[:user] || @values[:user], password: secrets[:password] || @values[:password], host: @values[:host] }
        # GitLab has no default host: null must not become the default of a mailbox. Graph needs neither host nor password.
        login = login.compact if @values[:inbox_method].to_s == "microsoft_graph"
        login.merge(@values.slice(:port, :ssl, :start_tls), @values.slice(:inbox_method, :inbox_options, :auth).compact)
      end

      def folder
        { name: @values[:mailbox], **@values.slice(:idle_timeout, :delete_after_delivery, :expunge_deleted),
          logger: { log_path: below_root(@values[:log_path] || around.log_path) } }
      end

      def matching
        raise ConfigurationError, "#{field(:address)} is required: GitLab takes no mail without it" if @values[:address].nil?

        { matching: { address: @values[:address], gitlab_host: around.gitlab_host }.compact }
      end

      def delivery
        method = @values[:delivery_method] || around.delivery_method
        return webhook if method == "webhook"
        return sidekiq if method == "sidekiq"

        raise ConfigurationError, "#{field(:delivery_method)} must be one of #{DELIVERIES.join(", ")}"
      end

      def webhook
        url = @values[:gitlab_url] || around.gitlab_url
        without_url if url.nil?
        address = { delivery_url: "#{url.chomp("/")}#{API_PATH}#{@type}" } unless url.nil?
        { delivery_method: "postback",
          delivery_options: { **address.to_h, content_type: "text/plain", jwt_auth_header: API_HEADER, jwt_issuer: API_ISSUER, **token } }
      end

      # Nothing can be posted then. Whatever else there is can be looked at.
      def without_url
        setting = around.url_setting
        raise ConfigurationError, "#{field(:gitlab_url)} is required: where GitLab answers" if setting.nil?

        Warnings.once([:gitlab_url, @title], "#{setting} is not set: messages cannot be posted to GitLab, which #{@title} asks for; set " \
                                             "#{setting} to GitLab's address")
      end

      def token
        key = @values[:signing_key_file]
        return { jwt_algorithm: "HS256", jwt_secret_path: below_root(@values[:secret_file] || around.secret_file) } if key.nil?

        { jwt_algorithm: "ES256", jwt_secret_path: below_root(key), jwt_key_id: "thumbprint", jwt_expires_in: TOKEN_LIFE }
      end

      def sidekiq
        { delivery_method: "sidekiq", delivery_options: { **around.redis.call, queue: "default", worker: WORKERS.fetch(@type) } }
      end

      def arbitration
        options = { **around.redis.call.except(:redis_db), namespace: RedisOptions::GITLAB_NAMESPACE }
        { arbitration_method: "redis", arbitration_options: options }
      end

      def field(key)
        "Field :#{key} in #{@title}"
      end

      def below_root(path)
        File.expand_path(path, around.root)
      end
    end
  end
end
