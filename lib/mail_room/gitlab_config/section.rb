# frozen_string_literal: true

require "mail_room/errors"
require "mail_room/option_reader"

module MailRoom
  module GitlabConfig
    # What a section needs to know beside itself.
    #
    # @!attribute gitlab_host
    #   @return [String, nil] the host in the ids of GitLab's own mails
    # @!attribute gitlab_url
    #   @return [String, nil] where GitLab answers, if the section does not say
    # @!attribute root
    #   @return [String] what relative paths are relative to
    # @!attribute log_path
    #   @return [String] the default
    # @!attribute secret_file
    #   @return [String] the default
    # @!attribute delivery_method
    #   @return [String] the default
    # @!attribute redis
    #   @return [#call] answers the options of Redis, see {RedisOptions}, and redis_db
    # @!attribute secrets
    #   @return [#call] answers user and password from an encrypted file, or an empty hash
    Surroundings = Struct.new(:gitlab_host, :gitlab_url, :root, :log_path, :secret_file, :delivery_method, :redis, :secrets,
                              keyword_init: true)

    # `incoming_email` or `service_desk_email`, in the words of gitlab.yml, as the options of a mailbox.
    #
    # | key | meaning | default |
    # | --- | --- | --- |
    # | enabled | whether there is such a mailbox | false |
    # | address | its address, with `%{key}`; becomes `matching: {address: ...}` | (required) |
    # | user, password | the login | (required) |
    # | host, port | the IMAP server | (required), 143 |
    # | ssl, start_tls | TLS from the first byte; STARTTLS | false, false |
    # | mailbox | the folder | inbox |
    # | idle_timeout | seconds | 60 |
    # | log_path | file of the log | log/mail_room_json.log |
    # | delete_after_delivery, expunge_deleted | as those of a mailbox | true, false |
    # | inbox_method, inbox_options | as those of a mailbox | imap, {} |
    # | auth | as that of a mailbox | none |
    # | delivery_method | `webhook`: posted to GitLab's API; `sidekiq`: into its queue | gitlab.yml: sidekiq, gitlab.rb: webhook |
    # | gitlab_url | where GitLab's API is, for webhook | the address of the installation |
    # | secret_file | file with the secret of its API, for webhook | .gitlab_incoming_email_secret, .gitlab_service_desk_email_secret |
    # | encrypted_secret_file | file with user and password, encrypted by GitLab | encrypted_settings/incoming_email.yaml.enc |
    class Section
      KEYS = %i[enabled address user password host port ssl start_tls mailbox idle_timeout log_path delete_after_delivery
                expunge_deleted inbox_method inbox_options auth delivery_method gitlab_url secret_file encrypted_secret_file].freeze
      DELIVERIES = %w[sidekiq webhook].freeze
      # What GitLab's API asks of a request.
      API_HEADER = "Gitlab-Mailroom-Api-Request"
      API_ISSUER = "gitlab-mailroom"
      API_PATH = "/api/v4/internal/mail_room/"
      # The prefix of the claims' keys in GitLab's Redis.
      NAMESPACE = "mail_room:gitlab"
      private_constant :DELIVERIES, :API_HEADER, :API_ISSUER, :API_PATH, :NAMESPACE

      # @return [String] for messages
      attr_reader :title

      # @param type [Symbol] incoming_email or service_desk_email
      # @param options [Hash, nil]
      # @param file [String] where it stands
      # @yieldreturn [Surroundings] asked for only if the section is enabled
      def initialize(type, options, file, &surroundings)
        @type = type
        @title = "#{type} in #{file}"
        @reader = OptionReader.new(options, where: @title)
        @surroundings = surroundings
      end

      def enabled?
        @reader.boolean(:enabled, false)
      end

      # @return [Hash{Symbol=>Object}] as {Mailbox} takes it
      # @raise [ConfigurationError] naming the setting
      def to_mailbox
        @reader.warn_unknown(KEYS, "GitLab's #{@type}")
        server.merge(folder, matching, delivery, arbitration)
      end

      private

      def around
        @around ||= @surroundings.call
      end

      def server
        secrets = around.secrets.call
        login = { email: secrets[:user] || @reader.string(:user), password: secrets[:password] || @reader.string(:password),
                  host: @reader.string(:host) }
        # A null is no host, where another default might be meant: GitLab has none. Graph needs neither.
        login = login.compact if graph?
        login.merge(port: @reader.raw(:port) || 143, ssl: @reader.raw(:ssl) || false, start_tls: @reader.raw(:start_tls) || false,
                    **given(:inbox_method, :inbox_options, :auth))
      end

      def graph?
        @reader.raw(:inbox_method).to_s == "microsoft_graph"
      end

      def folder
        { name: @reader.filled(:mailbox, "inbox"), idle_timeout: @reader.raw(:idle_timeout) || 60,
          delete_after_delivery: @reader.boolean(:delete_after_delivery, true), expunge_deleted: @reader.boolean(:expunge_deleted, false),
          logger: { log_path: below_root(@reader.path(:log_path) || around.log_path) } }
      end

      def matching
        address = @reader.filled(:address)
        raise ConfigurationError, "#{@reader.field(:address)} is required: GitLab takes no mail without it" if address.nil?

        { matching: { address: address, gitlab_host: around.gitlab_host }.compact }
      end

      def delivery
        method = @reader.filled(:delivery_method, around.delivery_method)
        unless DELIVERIES.include?(method)
          raise ConfigurationError, "#{@reader.field(:delivery_method)} must be one of #{DELIVERIES.join(", ")}"
        end

        method == "webhook" ? webhook : sidekiq
      end

      def webhook
        url = @reader.filled(:gitlab_url, around.gitlab_url)
        raise ConfigurationError, "#{@reader.field(:gitlab_url)} is required: where GitLab answers" if url.nil?

        secret = below_root(@reader.path(:secret_file) || around.secret_file)
        { delivery_method: "postback",
          delivery_options: { delivery_url: "#{url.chomp("/")}#{API_PATH}#{@type}", content_type: "text/plain",
                              jwt_auth_header: API_HEADER, jwt_issuer: API_ISSUER, jwt_algorithm: "HS256", jwt_secret_path: secret } }
      end

      def sidekiq
        { delivery_method: "sidekiq", delivery_options: { **around.redis.call, queue: "default", worker: WORKERS.fetch(@type) } }
      end

      def arbitration
        { arbitration_method: "redis", arbitration_options: { **around.redis.call.except(:redis_db), namespace: NAMESPACE } }
      end

      def given(*keys)
        keys.to_h { |key| [key, @reader.raw(key)] }.compact
      end

      def below_root(path)
        File.expand_path(path, around.root)
      end
    end
  end
end
