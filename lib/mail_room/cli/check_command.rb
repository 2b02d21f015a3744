# frozen_string_literal: true

require "json"
require_relative "../check"
require_relative "../check/text"
require_relative "command"
require_relative "source_options"

module MailRoom
  # `mail_room check`: tries out a configuration, and says what to do about each failure. Exits with 0 if everything works,
  # warnings aside, else with 1.
  class CheckCommand < Command
    # The exit status if something does not work.
    NOT_WELL = 1
    USAGE = "(-c FILE | --gitlab-config FILE | --gitlab-rb FILE) [options]"
    private_constant :NOT_WELL, :USAGE

    def initialize(argv)
      @options = {}
      parser = parser("check", USAGE) do |options|
        SourceOptions.add(options, @options)
        options.on("--json", "everything as one line of JSON") { @json = true }
        options.on("-q", "--quiet", "only what does not work, and warnings") { @quiet = true }
      end
      SourceOptions.parse(parser, argv, @options)
    end

    # @return [Integer]
    def run
      results = @json ? Check.run(@options) : report
      puts JSON.generate({ ok: results.all?(&:ok?), mailboxes: results.map(&:to_h) }) if @json
      results.all?(&:ok?) ? 0 : NOT_WELL
    end

    private

    def report
      text = Check::Text.new($stdout, quiet: @quiet)
      Check.run(@options) { |result| text.result(result) }.tap { |results| text.summary(results) }
    end
  end
end
