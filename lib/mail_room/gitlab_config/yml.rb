# frozen_string_literal: true

require_relative "../config/config_file"
require_relative "../errors"
require_relative "../options/coercion"
require_relative "encrypted_secrets"
require_relative "redis_files"
require_relative "section"

module MailRoom
  module GitlabConfig
    # A gitlab.yml: ERB over YAML, one mapping for each environment. Redis and secrets are in files beside it.
    class Yml
      # @param path [String]
      # @param environment [String]
      # @param secrets [String, nil] the path of secrets.yml
      def initialize(path, environment, secrets: nil)
        @path = path.to_s
        @environment = environment
        @secrets = secrets
      end

      # @return [Array<(String, Hash)>] where each mailbox comes from, and its options
      # @raise [ConfigurationError]
      def mailboxes
        GitlabConfig.enabled(@path) { |type| Section.new(type, settings[type], @path) { surroundings(type) } }
      end

      private

      def settings
        @settings ||= begin
          content = ConfigFile.new(@path).load
          content.fetch(@environment.to_sym) do
            raise ConfigFile::Missing, "#{@path} has nothing for the environment #{@environment}: it has #{content.keys.join(", ")} " \
                                       "(choose with --environment)"
          end
        end
      end

      def surroundings(type)
        Surroundings.new(
          gitlab_host: part(:gitlab)[:host], gitlab_url: gitlab_url, root: root, log_path: "log/mail_room_json.log",
          secret_file: ".gitlab_#{type}_secret", delivery_method: "sidekiq",
          redis: -> { @redis ||= RedisFiles.new(File.dirname(file), @environment).options },
          secrets: -> { EncryptedSecrets.new(encrypted_file(type), root: root, environment: @environment, keys_path: @secrets).read }
        )
      end

      def part(name)
        Coercion.options(settings[name], "#{name} in #{@path}")
      end

      # As GitLab builds it.
      def gitlab_url
        gitlab = part(:gitlab)
        return if gitlab[:host].to_s.empty?

        https = Coercion.boolean(gitlab[:https], "Field :https of gitlab in #{@path}")
        usual = https ? 443 : 80
        port = Coercion.integer(gitlab[:port], "Field :port of gitlab in #{@path}", 1..65_535) || usual
        "http#{"s" if https}://#{gitlab[:host]}#{":#{port}" unless port == usual}#{gitlab[:relative_url_root]}"
      end

      # In packages the file is a link to a file outside of the installation: the files beside that one are used.
      def file
        File.expand_path(@path)
      end

      # The installation: the folder above config/.
      def root
        folder = File.dirname(file)
        File.basename(folder) == "config" ? File.dirname(folder) : folder
      end

      def encrypted_file(type)
        named = Coercion.options(settings[type], type.to_s)[:encrypted_secret_file]
        return File.expand_path(named, root) if named

        shared = File.expand_path(part(:shared)[:path] || "shared", root)
        folder = File.expand_path(part(:encrypted_settings)[:path] || File.join(shared, "encrypted_settings"), root)
        File.join(folder, "#{type}.yaml.enc")
      end
    end
  end
end
