# frozen_string_literal: true

require "json"
require_relative "../output/bounded_output"
require_relative "served_thread"

module MailRoom
  # Writes log lines to a Ruby Logger of the app's. However slow it is, no mailbox waits for it.
  #
  # @api private
  class LogThread < ServedThread
    # @param logger [#info, #warn, #error]
    # @param device [Object] what was given to log to: the logger itself, or an IO, which is flushed
    def initialize(native, number, logger, device)
      super(native, number)
      @logger = logger
      @device = device
    end

    private

    def name = "mail_room log"

    def serve
      while (lines = @native.next_lines(@number))
        lines.each { |severity, line| write(severity, line) }
        complain { @device.flush if @device.respond_to?(:flush) }
      end
    end

    def write(severity, line)
      complain { @logger.public_send(severity.downcase, JSON.parse(line, symbolize_names: true)) }
    end

    # Once is enough.
    def complain
      yield
    rescue StandardError => e
      # A logger that fails is the app's; its failures are no reason to stop logging.
      BoundedOutput.say($stderr, "mail_room: the logger #{@logger.class} raised #{e.class}") unless @complained
      @complained = true
    end
  end
end
