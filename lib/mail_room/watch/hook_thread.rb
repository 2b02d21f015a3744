# frozen_string_literal: true

require_relative "../match"
require_relative "served_thread"

module MailRoom
  # Calls the app's own delivery, arbiter and rejector for one mailbox, one call at a time. The native library never calls Ruby:
  # this thread fetches each call and answers it. A call without an answer counts as not delivered.
  #
  # @api private
  class HookThread < ServedThread
    # How many octets of an exception's message go into the log.
    LONGEST_MESSAGE = 2_000
    # How many lines of its backtrace do.
    FRAMES = 3
    private_constant :LONGEST_MESSAGE, :FRAMES

    # @param mailbox [Mailbox]
    # @raise whatever the constructors of the app's classes raise
    def initialize(native, number, mailbox)
      super(native, number)
      @mailbox = mailbox
      mailbox.delivery unless Delivery.native?(mailbox.delivery_klass)
      mailbox.arbitrator unless Arbitration.native?(mailbox.arbitration_klass)
      mailbox.rejector
    end

    private

    def name = "mail_room #{@mailbox.name}"

    def serve
      while (call = @native.next_call(@number))
        answer(call)
      end
    end

    # An exception of a hook does not end the thread. Only exit, signals and Thread#kill do.
    def answer(call)
      call.answer(ask(call) ? true : false)
    rescue SystemExit, SignalException => e
      call.raised(description(e))
      raise
    rescue Exception => e # rubocop:disable Lint/RescueException -- NoMemoryError, SystemStackError, NotImplementedError, ...
      call.raised(description(e))
    ensure
      # This runs also if the thread is killed. It has no effect after an answer.
      call.abandon
    end

    def ask(call)
      body = call.body or return @mailbox.arbitrator.deliver?(call.uid)
      rejected = call.rejected or return @mailbox.delivery.deliver(body)
      @mailbox.rejector.reject(body, Match.new(*rejected))
    end

    def description(error)
      frames = (error.backtrace || []).first(FRAMES).join(", ")
      message = error.message.to_s.dup.force_encoding(Encoding::UTF_8).scrub
      "#{error.class}: #{message[0, LONGEST_MESSAGE]} (#{frames})"
    rescue StandardError
      error.class.to_s
    end
  end
end
