# frozen_string_literal: true

require_relative "../config/code_failure"
require_relative "../config/config_file"
require_relative "../errors"
require_relative "omnibus_file"
require_relative "omnibus_redis"
require_relative "section"

module MailRoom
  module GitlabConfig
    # A gitlab.rb, the configuration of GitLab's packages: Ruby, evaluated, and then read with the packages' own defaults.
    class Omnibus
      # The options of a section that have another name in a package.
      NAMES = { user: "email", mailbox: "mailbox_name", log_path: "log_file" }.freeze
      ROOT = "/opt/gitlab/embedded/service/gitlab-rails"
      LOG = "/var/log/gitlab/mailroom/mail_room_json.log"
      EXIT_FORMATS = %w[json plain].freeze
      private_constant :NAMES, :ROOT, :LOG, :EXIT_FORMATS

      # @param path [String]
      def initialize(path)
        @path = path.to_s
      end

      # @yieldparam format [String] `json` or `plain`: how a fatal error is to be written, if the file says so
      # @return [Array<(String, Hash)>] where each mailbox comes from, and its options
      # @raise [ConfigurationError]
      def mailboxes
        settings = evaluated
        format = exit_log_format(settings)
        yield format if format && block_given?
        rails = group(settings, :gitlab_rails)
        GitlabConfig.enabled(@path) { |type| Section.new(type, section(rails, type), @path) { surroundings(settings, rails, type) } }
      end

      private

      def evaluated
        file = OmnibusFile.new
        GitlabConfig.evaluate(file, read, @path)
        file.settings
      rescue ConfigurationError, SignalException
        raise
      rescue Exception => e # rubocop:disable Lint/RescueException -- whatever it raises, Ruby would print its message
        raise ConfigurationError, CodeFailure.describe(e, @path, "it cannot be evaluated"), cause: nil
      end

      def read
        File.read(@path, encoding: "bom|utf-8")
      rescue SystemCallError => e
        raise ConfigFile::Missing, "cannot read the configuration file #{@path}: #{e.class.new.message}", cause: nil
      end

      # What packages start mail_room with, as --log-exit-as.
      def exit_log_format(settings)
        format = group(settings, :mailroom).value(:exit_log_format)
        return if format.nil?
        return format.to_s if EXIT_FORMATS.include?(format.to_s)

        raise ConfigurationError, "#{@path}: mailroom['exit_log_format'] must be #{EXIT_FORMATS.join(" or ")}"
      end

      def group(settings, name)
        group = settings.value(name)
        group.is_a?(OmnibusFile::Group) ? group : OmnibusFile::Group.new.merge((group || {}).to_h.transform_keys(&:to_s))
      end

      def section(rails, type)
        Section::KEYS.to_h { |key| [key, rails.value("#{type}_#{NAMES.fetch(key, key)}")] }.compact
      end

      def surroundings(settings, rails, type)
        Surroundings.new(
          gitlab_host: rails.value(:gitlab_host) || host(settings), gitlab_url: gitlab_url(settings),
          url_setting: "external_url in #{@path}", root: ROOT, log_path: LOG,
          secret_file: ".gitlab_#{type}_secret", delivery_method: "webhook",
          redis: -> { @redis ||= OmnibusRedis.new(rails, group(settings, :redis), @path).options },
          secrets: -> { refuse_encrypted(rails, type) }
        )
      end

      def external_url(settings)
        url = settings.value(:external_url)
        url unless url.to_s.empty?
      end

      def host(settings)
        require "uri"
        url = external_url(settings)
        host = url && URI.parse(url).host
        # "" or nil for a URL without one, which depends on the version of URI.
        host unless host.to_s.empty?
      rescue URI::InvalidURIError
        raise ConfigurationError, "#{@path}: external_url is no address", cause: nil
      end

      # Directly to Workhorse if it listens on TCP, as in the packages.
      def gitlab_url(settings)
        workhorse = group(settings, :gitlab_workhorse)
        address = workhorse.value(:listen_addr)
        return external_url(settings) unless workhorse.value(:listen_network).to_s == "tcp" && address

        "http://#{address}"
      end

      # Packages write the keys for decryption into a secrets.yml that only GitLab's user may read.
      def refuse_encrypted(rails, type)
        file = rails.value("#{type}_encrypted_secret_file") || encrypted_default(rails, type)
        return {} unless File.exist?(file) && rails.value("#{type}_password").nil?

        raise ConfigurationError, "the encrypted settings in #{file} can be read by GitLab only: use its gitlab.yml, as " \
                                  "mail_room --gitlab-config #{ROOT}/config/gitlab.yml, run with GitLab's bundle"
      end

      def encrypted_default(rails, type)
        folder = rails.value(:encrypted_settings_path)
        folder ||= File.join(rails.value(:shared_path) || "/var/opt/gitlab/gitlab-rails/shared", "encrypted_settings")
        File.join(folder, "#{type}.yaml.enc")
      end
    end
  end
end
