# frozen_string_literal: true

require "json"
require "optparse"
require_relative "../check"
require_relative "../check/text"
require_relative "source_options"

module MailRoom
  # `mail_room check`: tries a configuration out and says what to do about what does not work.
  class CheckCommand
    # Exit statuses besides 0: something does not work.
    NOT_WELL = 1
    private_constant :NOT_WELL

    # @param argv [Array<String>] what follows `check`
    # @return [Integer] 0 if everything works, warnings aside, else 1
    # @raise [OptionParser::ParseError]
    # @raise [ConfigurationError] if no file was named
    def self.run(argv)
      new(argv).run
    end

    def initialize(argv)
      @options = {}
      SourceOptions.parse(parser, argv, @options)
    end

    # @return [Integer]
    def run
      results = @json ? Check.run(@options) : tell
      puts JSON.generate({ ok: results.all?(&:ok?), mailboxes: results.map(&:to_h) }) if @json
      results.all?(&:ok?) ? 0 : NOT_WELL
    end

    private

    def tell
      text = Check::Text.new($stdout, quiet: @quiet)
      Check.run(@options) { |result| text.result(result) }.tap { |results| text.summary(results) }
    end

    def parser
      OptionParser.new do |parser|
        parser.program_name = "mail_room check"
        parser.banner = "Usage: mail_room check (-c FILE | --gitlab-config FILE | --gitlab-rb FILE) [options]"
        SourceOptions.add(parser, @options)
        parser.on("--json", "everything as one line of JSON") { @json = true }
        parser.on("-q", "--quiet", "only what does not work, and warnings") { @quiet = true }
        parser.on_tail("-?", "--help", "print this") do
          puts parser
          exit
        end
      end
    end
  end
end
