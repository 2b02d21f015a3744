# frozen_string_literal: true

module MailRoom
  # The command line options that name the configuration. Every command that needs one has them.
  module SourceOptions
    # What GitLab's own template of mail_room.yml reads: the paths of gitlab.yml and of secrets.yml.
    CONFIG_VARIABLE = "MAIL_ROOM_GITLAB_CONFIG_FILE"
    SECRETS_VARIABLE = "MAIL_ROOM_GITLAB_SECRETS_FILE"

    # @param parser [OptionParser]
    # @param options [Hash] gains what {Configuration} takes
    def self.add(parser, options)
      parser.on("-c", "--config FILE", "the configuration: ERB over YAML") { |path| options[:config_path] = path }
      parser.on("--gitlab-config [FILE]", "GitLab's gitlab.yml in place of it (#{CONFIG_VARIABLE})") do |path|
        options.merge!(path ? { gitlab_config: path } : from_environment)
      end
      parser.on("--gitlab-rb FILE", "or the gitlab.rb of GitLab's packages") { |path| options[:gitlab_rb] = path }
      parser.on("--environment NAME", "which part of gitlab.yml (RAILS_ENV, else production)") { |name| options[:environment] = name }
    end

    # @return [Hash] `gitlab_config` and, if it is set, `gitlab_secrets`
    # @raise [OptionParser::MissingArgument] if no gitlab.yml is named
    def self.from_environment
      config, secrets = [CONFIG_VARIABLE, SECRETS_VARIABLE].map { |name| ENV.fetch(name, "") }.map { |path| path unless path.empty? }
      raise OptionParser::MissingArgument, "(a file, or #{CONFIG_VARIABLE} in the environment)" unless config

      { gitlab_config: config, gitlab_secrets: secrets }.compact
    end
    private_class_method :from_environment

    # Parses the arguments of a command whose only input is a configuration.
    #
    # @param parser [OptionParser] with what {.add} adds
    # @param argv [Array<String>]
    # @param options [Hash] what the parser fills
    # @raise [OptionParser::ParseError]
    # @raise [ConfigurationError]
    def self.parse(parser, argv, options)
      left = parser.parse(argv)
      raise OptionParser::NeedlessArgument, "#{left.first} (a configuration file is given with -c)" unless left.empty?

      require!(options, parser.program_name)
    end

    # @param options [Hash]
    # @param parser_name [String] the command, for the message
    # @raise [ConfigurationError]
    def self.require!(options, parser_name)
      return if Configuration::SOURCES.any? { |source| options[source] }

      raise ConfigurationError, "no configuration file was given: use -c FILE (see #{parser_name} --help)"
    end
  end
end
