# frozen_string_literal: true

require_relative "check/address"
require_relative "check/delivery"
require_relative "check/graph"
require_relative "check/imap"
require_relative "check/log_file"
require_relative "check/redis"
require_relative "check/rejection"
require_relative "check/step"
require_relative "check/trouble"
require_relative "configuration"

module MailRoom
  # Tries a configuration out, mailbox by mailbox and step by step. A step that fails says what to do. The native library makes the
  # connections, so that the result is the one that watching would have. Changes nothing.
  module Check
    # The result for one mailbox.
    Result = Struct.new(:title, :mailbox, :steps, keyword_init: true) do
      # @return [Boolean] warnings are no failures
      def ok?
        steps.none?(&:failed?)
      end

      # @return [Hash]
      def to_h
        { mailbox: mailbox&.name, email: mailbox&.email, title: title, ok: ok?, steps: steps.map(&:to_h) }
      end
    end

    # The check of the source, by inbox_method. Each takes a mailbox and returns steps.
    SOURCES = { "imap" => Imap, "microsoft_graph" => Graph }.freeze

    class << self
      # @param options [Hash] as {Configuration} takes them
      # @yieldparam result [Result] of each mailbox, as soon as it is there
      # @return [Array<Result>]
      def run(options)
        mailboxes(options).map do |where, attributes|
          result = attributes ? mailbox(where, attributes) : Result.new(title: options.values.grep(String).first, steps: [where])
          yield result if block_given?
          result
        end
      end

      private

      # @return [Array<(String, Hash)>] for each mailbox, its place for messages and its options; or one failed step
      def mailboxes(options)
        Configuration.read(options)
      rescue ConfigurationError => e
        [[Step.failed("configuration", "Configuration is valid?", e.message, "Correct the file that is named"), nil]]
      end

      def mailbox(where, attributes)
        mailbox = Mailbox.new(attributes.is_a?(Hash) ? attributes : {})
        Delivery.address?(mailbox) ? mailbox.to_watch(0) : mailbox.to_native
        valid = Step.ok("configuration", "Configuration is valid?")
        Result.new(title: "#{mailbox.name} of #{mailbox.email}", mailbox: mailbox, steps: [valid, *steps(mailbox)])
      rescue ConfigurationError, IdleTimeoutTooLarge => e
        Result.new(title: where, steps: [Step.failed("configuration", "Configuration is valid?", e.message, "Correct #{where}")])
      end

      def steps(mailbox)
        source = SOURCES.fetch(mailbox.microsoft_graph? ? "microsoft_graph" : "imap")
        [*source.steps(mailbox), *Redis.arbitration(mailbox), *Delivery.steps(mailbox), *Rejection.steps(mailbox),
         *Trouble.steps(mailbox), *LogFile.steps(mailbox), *Address.steps(mailbox)]
      end
    end
  end
end
