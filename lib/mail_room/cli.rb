# frozen_string_literal: true

require_relative "cli/command_line"
require_relative "cli/source_options"
require_relative "configuration"
require_relative "coordinator"
require_relative "crash_handler"
require_relative "native"
require_relative "output/bounded_output"
require_relative "watch/served_thread"
require_relative "watch/service_manager"

module MailRoom
  # The `mail_room` process: reads the configuration and watches until a signal ends it. No other part of this library handles signals.
  class CLI
    # @return [Configuration]
    attr_accessor :configuration
    # @return [Coordinator]
    attr_accessor :coordinator
    # @return [Hash] see {CommandLine.parse}
    attr_accessor :options

    # The exit status if the command line is wrong.
    USAGE = 2
    # The commands, which do not watch. A process that does needs none of them: lib/mail_room.rb loads them on first use.
    COMMANDS = { "check" => :CheckCommand, "config" => :ConfigCommand, "match" => :MatchCommand, "status" => :StatusCommand }.freeze
    private_constant :USAGE, :COMMANDS

    class << self
      # Runs the executable to its end. An error that the user can correct is one line on stderr; any other is raised.
      # With `--log-exit-as json`, both are one line of JSON on stdout; with `plain`, both are raised, with their backtrace.
      #
      # @param argv [Array<String>]
      # @return [Integer] the exit status
      def run(argv)
        command = COMMANDS[argv.first]
        return run_command(command, argv.drop(1)) if command

        options = CommandLine.parse(argv)
        Process.setproctitle(title(options)) # the host's health check looks for it
        SourceOptions.require!(options, "mail_room") unless options[:quiet]
        new(argv, options).start
      rescue OptionParser::ParseError => e
        complain("#{e.message} (see mail_room --help)", USAGE)
      rescue ConfigurationError, IdleTimeoutTooLarge => e
        options&.dig(:exit_error_format) ? crash(e, options) : complain(e.message)
      rescue StandardError, ScriptError, NoMemoryError, SystemStackError => e
        crash(e, options || {})
      end

      # Ends the process, also where Ruby would wait for ever: for a thread that hangs in a system call, or, after watching, for a full
      # pipe to be read. The output of a command may be read slowly.
      #
      # @api private
      def leave(status, argv)
        hangs = ServedThread.left_behind.any? || (!COMMANDS.key?(argv.first) && BoundedOutput.stuck?($stdout))
        hangs ? exit!(status) : exit(status)
      end

      # @api private
      # @return [Integer] the exit status
      # @raise the error itself, unless it is to be written as JSON
      def crash(error, options)
        CrashHandler.new.handle(error, options[:exit_error_format])
        1
      end

      private

      # A signal ends a command before it is finished, so that its status must not be 0.
      def run_command(command, argv)
        %w[INT TERM].each { |signal| trap(signal, "SYSTEM_DEFAULT") }
        MailRoom.const_get(command).run(argv)
      end

      def title(options)
        # The title shows options and paths, and nothing from the file.
        files = { config_path: "-c", gitlab_config: "--gitlab-config", gitlab_rb: "--gitlab-rb" }
        named = files.flat_map { |key, name| [name, options[key]] if options[key] }
        ["mail_room", *("--once" if options[:once]), *("-q" if options[:quiet]), *named].compact.join(" ")
      end

      def complain(message, status = 1)
        BoundedOutput.say($stderr, "mail_room: #{message}")
        status
      end
    end

    # @param argv [Array<String>]
    # @raise [OptionParser::ParseError]
    # @raise [ConfigurationError]
    # @raise [IdleTimeoutTooLarge]
    def initialize(argv, options = CommandLine.parse(argv))
      @options = options
      # What the command line says goes before what a gitlab.rb says.
      @configuration = Configuration.new(options) { |format| options[:exit_error_format] ||= format }
      @coordinator = Coordinator.new(configuration.mailboxes, configuration.health_check)
    end

    # Watches until SIGINT or SIGTERM. SIGHUP reopens the log files, SIGUSR1 writes the status of each mailbox into its log. The handlers
    # that were there before are put back. With `--log-exit-as json`, a fatal error is written as a line of JSON and ends the process with
    # status 1. With `--once`, works through the mailboxes and says how far it got.
    #
    # @return [Integer] the exit status
    # @raise [ConfigurationError]
    def start
      # The service manager started this process. An app that watches mailboxes in its own process notifies the manager itself.
      settings = { manager: ServiceManager.from_environment, **options.slice(:give_up_after) }
      with_signals do
        next OnceCommand.new(coordinator, **settings).run if options[:once]

        coordinator.run(**settings)
        0
      end
    rescue StandardError, ScriptError, NoMemoryError, SystemStackError => e
      exit self.class.crash(e, options)
    end

    private

    # A handler may neither lock nor log: each of these stores an atomic.
    def with_signals
      before = {}
      { "INT" => -> { coordinator.quit }, "TERM" => -> { coordinator.quit }, "HUP" => -> { Native.reopen_logs },
        "USR1" => -> { Native.log_status } }
        .each { |signal, action| before[signal] = trap(signal) { action.call } }
      yield
    ensure
      before.each { |signal, handler| trap(signal, handler || "SYSTEM_DEFAULT") }
    end
  end
end
