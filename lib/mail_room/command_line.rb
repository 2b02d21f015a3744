# frozen_string_literal: true

require "optparse"
require "mail_room/source_options"
require "mail_room/version"

module MailRoom
  # The options of the `mail_room` executable, parsed. Does nothing about them, except for --help and --version, which
  # print and exit.
  module CommandLine
    FORMATS = %w[json plain].freeze
    private_constant :FORMATS

    # @param argv [Array<String>] left as it is
    # @return [Hash] `config_path`, `gitlab_config`, `gitlab_rb`, `environment` (String), `quiet` (true),
    #   `exit_error_format` (`json` or `plain`): those that were given
    # @raise [OptionParser::ParseError]
    def self.parse(argv)
      options = {}
      left = parser(options).parse(argv)
      return options if left.empty?

      raise OptionParser::NeedlessArgument, "#{left.first} (a configuration file is given with -c)"
    end

    def self.parser(options)
      OptionParser.new do |parser|
        parser.program_name = "mail_room"
        parser.banner = "Usage: mail_room -c FILE [options]\n       mail_room (check|config|match) --help"
        SourceOptions.add(parser, options)
        parser.on("-q", "--quiet", "do without a configuration file that is missing or without mailboxes") { options[:quiet] = true }
        parser.on("--log-exit-as [FORMAT]", FORMATS, "write a fatal error as a line of json on stdout, or plain (default)") do |format|
          options[:exit_error_format] = format || "json"
        end
        parser.on_tail("--version", "print the version") { say("mail_room #{VERSION}") }
        parser.on_tail("-?", "--help", "print this") { say(parser) }
      end
    end
    private_class_method :parser

    def self.say(text)
      puts text
      exit
    end
    private_class_method :say
  end
end
