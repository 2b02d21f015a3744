# frozen_string_literal: true

require "optparse"
require "mail_room/configuration"
require "mail_room/coordinator"
require "mail_room/crash_handler"
require "mail_room/version"

module MailRoom
  # The command line.
  class CLI
    # @return [Configuration]
    attr_reader :configuration
    # @return [Coordinator]
    attr_reader :coordinator
    # @return [Hash] config_path, quiet, log_exit_as
    attr_reader :options

    # Runs the command line to its end, as the executable does.
    # @return [Integer] the exit status
    def self.run(argv)
      format = nil
      cli = allocate
      cli.send(:initialize, argv) { |options| format = options[:log_exit_as] }
      cli.start
      0
    rescue OptionParser::ParseError => e
      warn "mail_room: #{e.message}; see mail_room --help"
      2
    rescue ConfigurationError, IdleTimeoutTooLarge, StandardError => e
      CrashHandler.new.handle(e, format)
      1
    end

    # @param argv [Array<String>]
    # @raise [OptionParser::ParseError]
    # @raise [ConfigurationError]
    def initialize(argv)
      @options = { config_path: "mail_room.yml", quiet: false, log_exit_as: nil }
      parser.parse(argv)
      yield options if block_given?
      @configuration = Configuration.new(options)
      @coordinator = Coordinator.new(configuration.mailboxes)
    end

    # Watches until SIGINT or SIGTERM.
    def start
      # How the host's health check finds us; nothing of the configuration belongs here.
      Process.setproctitle("mail_room -c #{options[:config_path]}")
      previous = %w[INT TERM].to_h { |signal| [signal, trap(signal) { coordinator.quit }] }
      previous["HUP"] = trap("HUP") { Native.reopen_logs }
      coordinator.run
    ensure
      previous&.each { |signal, handler| trap(signal, handler || "DEFAULT") }
    end

    private

    def parser
      OptionParser.new do |parser|
        parser.banner = "Usage: mail_room [-c FILE] [options]"
        parser.version = VERSION
        parser.on("-c", "--config FILE", "the configuration (default: mail_room.yml)") { |path| options[:config_path] = path }
        parser.on("-q", "--quiet", "do without a configuration that is missing") { options[:quiet] = true }
        parser.on("--log-exit-as [FORMAT]", %w[json plain], "how a fatal error is written: json (a line on stdout) or plain") do |format|
          options[:log_exit_as] = format || "json"
        end
        parser.on("-?", "--help", "show this") do
          puts parser
          exit
        end
      end
    end
  end
end
