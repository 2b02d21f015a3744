# frozen_string_literal: true

require "json"
require_relative "../configuration"
require_relative "../matcher"
require_relative "command"

module MailRoom
  # `mail_room match`: says what messages in files are for. Connects to nothing. Exits with 0 if every message is accepted, else
  # with 1.
  class MatchCommand < Command
    # The exit status if a message is not accepted.
    NOT_ACCEPTED = 1
    OUTCOMES = { accepted: "always accepted", not_ours: "not ours", no_address: "no address in it", auto_reply: "an automatic reply",
                 not_looked_at: "not read, because there is no gitlab_host" }.freeze
    USAGE = "(-c FILE | --address ADDRESS [options]) FILE... | -"
    private_constant :NOT_ACCEPTED, :OUTCOMES, :USAGE

    def initialize(argv)
      @options = { address: nil, also_accept: [] }
      @files = parser("match", USAGE) { |parser| add_options(parser) }.parse(argv)
      raise OptionParser::MissingArgument, "FILE, or - for standard input" if @files.empty?
    end

    # @return [Integer]
    def run
      matcher = Matcher.new(**matching)
      matches = @files.map do |file|
        raw = read(file)
        matcher.match(raw).tap { |match| report(file, match, @explain ? matcher.explain(raw) : nil) }
      end
      matches.all?(&:accepted?) ? 0 : NOT_ACCEPTED
    end

    private

    def add_options(parser)
      parser.on("-c", "--config FILE", "take the first mailbox with `matching` of this configuration") { |path| @config = path }
      parser.on("--address ADDRESS", "the mailbox's address, with %{key}") { |address| @options[:address] = address }
      parser.on("--host HOST", "the host in the ids of references") { |host| @options[:gitlab_host] = host }
      parser.on("--accept ADDRESS", "one more address; * is any run of characters") { |glob| @options[:also_accept] << glob }
      parser.on("--explain", "every header that was read") { @explain = true }
      parser.on("--json", "a line of JSON for each message") { @json = true }
    end

    def matching
      return @options unless @config

      mailbox = Configuration.new(config_path: @config).mailboxes.find(&:matching)
      raise ConfigurationError, "#{@config}: no mailbox has `matching`" if mailbox.nil?

      mailbox.matching.slice(:address, :gitlab_host, :also_accept, :auto_replies, :bounces).compact
    end

    def read(file)
      file == "-" ? $stdin.binmode.read : File.binread(file)
    rescue SystemCallError => e
      raise ConfigurationError, "cannot read #{file}: #{e.class.new.message}", cause: nil
    end

    def report(file, match, looked)
      if @json
        headers = looked ? { headers: looked.map(&:to_h) } : {}
        puts JSON.generate({ file: file, **members(match), **headers })
      else
        puts printable(line(file, match)), *looked&.map { |one| printable("  #{looked_at(one)}") }
      end
    end

    # The members of partitioned tokens are left out where there is none; all others are always there.
    def members(match)
      match.to_h.reject { |member, value| value.nil? && %i[partition namespace_id].include?(member) }
    end

    def line(file, match)
      found = %i[key source feature].map { |member| "#{member} #{match[member] || "-"}" }.join(", ")
      "#{file}: #{match.verdict}: #{found} (#{match.reason})"
    end

    def looked_at(one)
      outcome = one.key ? "key #{one.key}" : OUTCOMES.fetch(one.outcome)
      "#{one.header}: #{"#{one.address}: " if one.address}#{outcome}"
    end

    # A message must not send control characters to the terminal.
    def printable(text) = text.gsub(/[[:cntrl:]]/, "?")
  end
end
