# frozen_string_literal: true

require "json"
require_relative "../output/bounded_output"
require_relative "served_thread"

module MailRoom
  # Writes log lines to a Ruby Logger of the app. No mailbox waits for a slow logger.
  #
  # @api private
  class LogThread < ServedThread
    # @param logger [#info, #warn, #error]
    # @param device [Object] the option's value: the logger itself, or an IO, which is flushed
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
        guard { @device.flush if @device.respond_to?(:flush) }
      end
    end

    def write(severity, line)
      guard { @logger.public_send(severity.downcase, JSON.parse(line, symbolize_names: true)) }
    end

    # Warns about an exception of the logger, once. It does not stop the thread.
    def guard
      yield
    rescue StandardError => e
      BoundedOutput.say($stderr, "mail_room: the logger #{@logger.class} raised #{e.class}") unless @warned
      @warned = true
    end
  end
end
