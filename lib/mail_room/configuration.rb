# frozen_string_literal: true

require_relative "config/config_file"
require_relative "errors"
require_relative "health_check"
require_relative "mailbox"
require_relative "options/coercion"
require_relative "options/suggestion"
require_relative "options/tables/configuration"
require_relative "output/warnings"

module MailRoom
  # Loaded on first use: most configurations are files of our own.
  autoload :GitlabConfig, File.expand_path("gitlab_config", __dir__)

  # The mailboxes of a configuration file. {ConfigFile} renders and parses the file, {GitlabConfig} reads GitLab's own files.
  class Configuration
    # @return [Array<Mailbox>]
    attr_accessor :mailboxes
    # @return [Boolean]
    attr_accessor :quiet
    # @return [HealthCheck, nil] nil unless the file has `health_check`
    attr_accessor :health_check

    # The options that name a file. Only one may be given.
    SOURCES = %i[config_path gitlab_config gitlab_rb].freeze

    class << self
      # @api private
      # @param options [Hash] as {#initialize} takes them, with a file
      # @param on_health_check [#call, nil] called with the {HealthCheck}, if the file has one
      # @yieldparam format [String] `json` or `plain`: how a fatal error is to be written, if a gitlab.rb says so
      # @return [Array<(String, Hash)>] for each mailbox, its place for messages and its options
      # @raise [ConfigurationError]
      def read(options, on_health_check: nil, &block)
        given = SOURCES.select { |source| options[source] }
        raise ConfigurationError, "#{given.join(" and ")} cannot be used together" if given.size > 1
        if options[:gitlab_config]
          return GitlabConfig.yml(options[:gitlab_config], options[:environment], secrets: options[:gitlab_secrets])
        end
        return GitlabConfig.omnibus(options[:gitlab_rb], &block) if options[:gitlab_rb]

        path = options[:config_path]
        content = ConfigFile.new(path).load
        health = health_check(content, path)
        on_health_check&.call(health) if health
        list(content, path).map.with_index(1) { |attributes, number| ["#{path}, mailbox #{number}", attributes] }
      end

      # The former name of {.read}.
      alias found read

      private

      def health_check(content, path)
        given = content[:health_check] or return
        raise ConfigurationError, "it is #{Coercion.kind(given)}, not a mapping of options" unless given.is_a?(Hash)

        HealthCheck.new(given)
      rescue ConfigurationError => e
        raise ConfigurationError, "#{path}, health_check: #{e.message}", cause: nil
      end

      def list(content, path)
        list = content[:mailboxes]
        return list if list.is_a?(Array)
        raise ConfigurationError, "#{path} has no list of mailboxes: :mailboxes: is #{Coercion.kind(list)}" unless list.nil?

        known = OptionTables::CONFIGURATION.names
        likely = (content.keys - known).find { |key| Suggestion.nearest(key, known) == "mailboxes" }
        hint = likely ? " (is :#{likely}: a misspelling?)" : ""
        raise ConfigFile::Missing, "#{path} has no list of mailboxes#{hint}: add :mailboxes:"
      end
    end

    # @param options [Hash] `config_path`: the file; without one there are no mailboxes. Or `gitlab_config`: a gitlab.yml, with
    #   `environment`: its top-level key, and `gitlab_secrets`: its secrets.yml. Or `gitlab_rb`: a gitlab.rb. `quiet`: do without a file
    #   that is missing, unreadable or without `mailboxes`, and keep the mailboxes read before an error
    # @yieldparam format [String] `json` or `plain`: how a fatal error is to be written, if a gitlab.rb says so
    # @raise [ConfigurationError] one line that says what to change
    # @raise [IdleTimeoutTooLarge]
    def initialize(options = {}, &block)
      @quiet = options.fetch(:quiet, false)
      @mailboxes = []
      read(options, &block) if SOURCES.any? { |source| options[source] }
    end

    # @return [String] without the mailboxes' secrets
    def inspect
      "#<#{self.class.name} mailboxes=#{mailboxes.inspect}>"
    end
    alias to_s inspect

    private

    def read(options, &block)
      self.class.read(options, on_health_check: method(:health_check=), &block).each { |where, attributes| add(attributes, where) }
    rescue ConfigFile::Missing => e
      raise ConfigurationError, e.message, cause: nil unless quiet
    rescue ConfigurationError, IdleTimeoutTooLarge => e
      raise unless quiet

      # `quiet` does not hide errors in mailboxes: these are not watched.
      Warnings.say("going on with #{mailboxes.size} mailboxes (--quiet): #{e.message}")
    end

    def add(attributes, where)
      raise ConfigurationError, "it is #{Coercion.kind(attributes)}, not a mapping of options" unless attributes.is_a?(Hash)

      mailboxes << Mailbox.new(attributes)
    rescue ConfigurationError, IdleTimeoutTooLarge => e
      raise e.class, "#{where}: #{e.message}", cause: nil
    end
  end
end
