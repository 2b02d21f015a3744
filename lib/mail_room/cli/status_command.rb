# frozen_string_literal: true

require "json"
require_relative "../configuration"
require_relative "../output/bounded_output"
require_relative "command"
require_relative "status_client"

module MailRoom
  # `mail_room status`: shows how the process is that runs with a configuration, as its health check tells it.
  class StatusCommand < Command
    # The exit status if a mailbox is in trouble, and if nobody answers or can be asked.
    TROUBLE = 1
    NO_ANSWER = 2
    USAGE = "(-c FILE | --url URL) [--json]"
    private_constant :TROUBLE, :NO_ANSWER, :USAGE

    def initialize(argv)
      parser = parser("status", USAGE) do |options|
        options.on("-c", "--config FILE", "ask where the health_check of this configuration listens") { |path| @config = path }
        options.on("--url URL", "ask there, as in http://127.0.0.1:8080") { |url| @url = url }
        options.on("--json", "everything as one line of JSON") { @json = true }
      end
      left = parser.parse(argv)
      raise OptionParser::NeedlessArgument, left.first unless left.empty?
      raise OptionParser::MissingArgument, "-c FILE or --url URL" unless @config.nil? ^ @url.nil?
    end

    # @return [Integer] the exit status
    def run
      status = client.status
      puts(@json ? JSON.generate(status) : report(status))
      status["ok"] ? 0 : TROUBLE
    rescue StatusClient::NoAnswer, ConfigurationError => e
      BoundedOutput.say($stderr, "mail_room: #{e.message}")
      NO_ANSWER
    end

    private

    def client
      return StatusClient.new(url: @url) if @url

      health_check = Configuration.new(config_path: @config).health_check
      raise ConfigurationError, "#{@config} has no health_check to ask: add one, or use --url" if health_check.nil?

      StatusClient.of(health_check)
    end

    def report(status)
      mailboxes = status["mailboxes"]
      ready = mailboxes.count { |mailbox| mailbox["ready"] }
      since = status["started"] ? "running since #{Time.at(status["started"]).strftime("%F %T")}" : "not watching yet"
      stuck = status["alive"] ? "" : " It is stuck: restart it."
      ["mail_room #{status["version"]}, #{since}: #{ready} of #{mailboxes.size} mailboxes are well.#{stuck}",
       *mailboxes.flat_map { |mailbox| lines(mailbox) }].map { |line| printable(line) }
    end

    def lines(mailbox)
      counts = { "delivered" => mailbox["delivered"], "ignored" => mailbox["ignored"], "rejected" => mailbox["rejected"],
                 "set aside" => mailbox["set_aside"], "delivered elsewhere" => mailbox["elsewhere"] }
      counts = counts.reject { |what, count| count.zero? && what != "delivered" }.map { |what, count| "#{count} #{what}" }
      counts << "#{mailbox["left"]} waiting#{waiting(mailbox)}" << "#{mailbox["last_hour"]} in the last hour"
      state = "#{mailbox["words"]} for #{duration(mailbox["state_seconds"])}"
      line = "#{mailbox["email"]} (#{mailbox["mailbox"]}): #{state}; #{counts.join(", ")}"
      return [line] if mailbox["ready"]

      [line, *mailbox["trouble"]&.prepend("  "), *mailbox["advice"]&.prepend("  ")]
    end

    def waiting(mailbox)
      mailbox["waiting_since"] ? " for #{duration([Time.now.to_i - mailbox["waiting_since"], 0].max)}" : ""
    end

    def duration(seconds)
      return "#{seconds} s" if seconds < 120
      return "#{seconds / 60} min" if seconds < 7200

      seconds < 172_800 ? "#{seconds / 3600} h" : "#{seconds / 86_400} days"
    end

    # A server's words must not send control characters to the terminal.
    def printable(text) = text.gsub(/[[:cntrl:]]/, "?")
  end
end
