# frozen_string_literal: true

require "optparse"

module MailRoom
  # What the commands of the executable have in common. A command defines `initialize(argv)` and `run`.
  #
  # @api private
  class Command
    # @param argv [Array<String>] the arguments after the command's name
    # @return [Integer] the exit status
    # @raise [OptionParser::ParseError]
    # @raise [ConfigurationError]
    def self.run(argv)
      new(argv).run
    end

    private

    # @param name [String] of the command
    # @param usage [String] its arguments
    # @yieldparam parser [OptionParser] to add the command's options to
    # @return [OptionParser] with `--help`, which prints and exits
    def parser(name, usage)
      OptionParser.new do |parser|
        parser.program_name = "mail_room #{name}"
        parser.banner = "Usage: mail_room #{name} #{usage}"
        yield parser
        parser.on_tail("-?", "--help", "print this") do
          puts parser
          exit
        end
      end
    end
  end
end
