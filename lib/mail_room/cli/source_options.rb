# frozen_string_literal: true

module MailRoom
  # The command line options that name the configuration. Every command that needs one has them.
  module SourceOptions
    # @param parser [OptionParser]
    # @param options [Hash] gains what {Configuration} takes
    def self.add(parser, options)
      parser.on("-c", "--config FILE", "the configuration: ERB over YAML") { |path| options[:config_path] = path }
      parser.on("--gitlab-config FILE", "GitLab's gitlab.yml in place of it") { |path| options[:gitlab_config] = path }
      parser.on("--gitlab-rb FILE", "or the gitlab.rb of GitLab's packages") { |path| options[:gitlab_rb] = path }
      parser.on("--environment NAME", "which part of gitlab.yml (RAILS_ENV, else production)") { |name| options[:environment] = name }
    end

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
