# frozen_string_literal: true

require_relative "../config/config_file"
require_relative "../errors"
require_relative "../options/coercion"

module MailRoom
  module GitlabConfig
    # User and password that GitLab keeps encrypted (`gitlab-rake gitlab:incoming_email:secret:edit`). Only GitLab's own class
    # can read them: it is loaded from the installation that the file belongs to.
    class EncryptedSecrets
      READER = "Gitlab::EncryptedConfiguration"
      private_constant :READER

      # @param path [String] of the encrypted file
      # @param root [String] the installation
      # @param environment [String]
      # @param keys_path [String, nil] the secrets.yml with the keys; without one, that of the installation
      def initialize(path, root:, environment:, keys_path: nil)
        @path = path
        @root = root
        @environment = environment
        @keys_path = keys_path || File.join(root, "config/secrets.yml")
      end

      # @return [Hash{Symbol=>String}] user and password, those that are there; empty if there is no such file
      # @raise [ConfigurationError] if there is one and it cannot be read
      def read
        return {} unless File.exist?(@path)

        reader = host_class.new(content_path: @path, base_key: key, previous_keys: keys[:rotated_encrypted_settings_key_base] || [])
        reader.active? ? Coercion.options(reader.config, "the encrypted settings in #{@path}").slice(:user, :password) : {}
      rescue ConfigurationError
        raise
      rescue StandardError => e
        # Neither the message nor the cause: what was decrypted may stand in them.
        refuse("GitLab cannot decrypt it (#{e.class}): is encrypted_settings_key_base in #{@keys_path} the one it was written with?")
      end

      private

      def host_class
        load_host unless Object.const_defined?(READER)
        Object.const_get(READER)
      end

      def load_host
        require File.join(@root, "lib/gitlab/encrypted_configuration")
      rescue LoadError, StandardError => e
        refuse("only GitLab can decrypt it, and #{READER} cannot be loaded from #{@root} (#{e.class}): run this with GitLab's " \
               "bundle (bundle exec mail_room ...), or remove the file and set user and password")
      end

      def key
        keys[:encrypted_settings_key_base] || refuse("#{@keys_path} has no encrypted_settings_key_base for #{@environment}")
      end

      def keys
        @keys ||= begin
          content = ConfigFile.new(@keys_path).load
          [:shared, @environment.to_sym].map { |part| content[part] || {} }.reduce(:merge)
        end
      end

      def refuse(why)
        raise ConfigurationError, "the encrypted settings in #{@path} cannot be read: #{why}", cause: nil
      end
    end
  end
end
