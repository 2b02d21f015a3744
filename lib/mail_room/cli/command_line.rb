# frozen_string_literal: true

require "optparse"
require_relative "../native"
require_relative "../version"
require_relative "source_options"

module MailRoom
  # Parses the options of the `mail_room` executable. --help and --version print and exit.
  module CommandLine
    FORMATS = %w[json plain].freeze
    private_constant :FORMATS

    # @param argv [Array<String>] left as it is
    # @return [Hash] `config_path`, `gitlab_config`, `gitlab_secrets`, `gitlab_rb`, `environment` (String), `quiet` (true),
    #   `exit_error_format` (`json` or `plain`), `once` (true), `give_up_after` (Integer): those that were given
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
        parser.banner = "Usage: mail_room -c FILE [options]\n       mail_room (check|config|match|status) --help"
        SourceOptions.add(parser, options)
        parser.on("-q", "--quiet", "go on if the configuration file is missing or has no mailboxes") { options[:quiet] = true }
        parser.on("--once", "deliver what is in the mailboxes, then exit: with 1 if something was set aside or is left") do
          options[:once] = true
        end
        parser.on("--give-up-after SECONDS", Integer, "with --once: give up a mailbox after so long without progress (60)") do |seconds|
          raise OptionParser::InvalidArgument, "must be between 1 and 86400" unless (1..86_400).cover?(seconds)

          options[:give_up_after] = seconds
        end
        parser.on("--log-exit-as [FORMAT]", FORMATS, "write a fatal error as a line of json on stdout, or plain (default)") do |format|
          options[:exit_error_format] = format || "json"
        end
        parser.on_tail("--version", "print the version") { say("mail_room #{VERSION} (#{Native::PLATFORM}, commit #{Native::COMMIT})") }
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
