# frozen_string_literal: true

require_relative "config/config_file"
require_relative "errors"
require_relative "gitlab_config/omnibus"
require_relative "gitlab_config/section"
require_relative "gitlab_config/yml"

module MailRoom
  # Reads mailboxes from GitLab's own configuration: `gitlab.yml` of an installation from source, or `gitlab.rb` of a package. The result is
  # that of GitLab's own mail_room.yml template.
  module GitlabConfig
    # The sections of a mailbox, each with the worker that GitLab gives its messages to.
    WORKERS = { incoming_email: "EmailReceiverWorker", service_desk_email: "ServiceDeskEmailReceiverWorker" }.freeze
    DEFAULT_ENVIRONMENT = "production"

    class << self
      # @param path [String] of a gitlab.yml
      # @param environment [String, nil] its top-level key
      # @param secrets [String, nil] the path of its secrets.yml; without one, it is looked for beside the file
      # @return [Array<(String, Hash)>] where each mailbox comes from, and its options
      # @raise [ConfigurationError] naming the file and the setting
      def yml(path, environment = nil, secrets: nil)
        Yml.new(path, environment || environment_of_the_process, secrets: secrets).mailboxes
      end

      # @param path [String] of a gitlab.rb
      # @yieldparam format [String] `json` or `plain`: how a fatal error is to be written, if the file says so
      # @return [Array<(String, Hash)>] as {.yml}
      # @raise [ConfigurationError] naming the file and, where possible, the line
      def omnibus(path, &block)
        Omnibus.new(path).mailboxes(&block)
      end

      # @api private
      # @param path [String]
      # @yieldparam section [Symbol]
      # @yieldreturn [Section]
      def enabled(path, &section)
        sections = WORKERS.keys.map(&section).select(&:enabled?)
        return sections.map { |enabled| [enabled.title, enabled.to_mailbox] } unless sections.empty?

        raise ConfigFile::Missing, "#{path}: no mailbox is enabled: set enabled of incoming_email or service_desk_email to true " \
                                   "(gitlab.rb: gitlab_rails['incoming_email_enabled'] = true)"
      end

      private

      # Not development, GitLab's own default, which is wrong on a server.
      def environment_of_the_process
        %w[RAILS_ENV RACK_ENV].map { |name| ENV.fetch(name, nil) }.find { |value| !value.to_s.empty? } || DEFAULT_ENVIRONMENT
      end
    end
  end
end
