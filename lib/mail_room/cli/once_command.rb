# frozen_string_literal: true

require_relative "../coordinator"
require_relative "../output/bounded_output"
require_relative "progress_bar"

module MailRoom
  # `mail_room --once`: works through the mailboxes, with a progress bar on a terminal, and prints a summary.
  class OnceCommand
    # The exit status if a message was set aside, or a mailbox could not be worked through.
    INCOMPLETE = 1
    private_constant :INCOMPLETE

    # @param coordinator [Coordinator]
    # @param out [IO] for the summary
    # @param err [IO] for errors and, if it is a terminal, the progress bar
    # @param rest [Hash] more for {Coordinator#run}
    def initialize(coordinator, out: $stdout, err: $stderr, **rest)
      @coordinator = coordinator
      @rest = rest
      @out = out
      @err = err
    end

    # @return [Integer] the exit status
    def run
      began = Process.clock_gettime(Process::CLOCK_MONOTONIC)
      progress = with_bar { @coordinator.run(once: true, **@rest) } || @coordinator.progress
      sum_up(progress, Process.clock_gettime(Process::CLOCK_MONOTONIC) - began)
      progress.success? ? 0 : INCOMPLETE
    end

    private

    def with_bar(&block)
      @err.tty? ? ProgressBar.new(@err) { @coordinator.progress }.around(&block) : yield
    end

    def sum_up(progress, seconds)
      progress.unfinished.each do |mailbox|
        why = mailbox.state == "given_up" ? mailbox.trouble : "it was stopped"
        BoundedOutput.say(@err, "mail_room: #{mailbox.title} was not worked through: #{why}")
      end
      others = { "ignored" => progress.ignored, "rejected" => progress.rejected, "delivered elsewhere" => progress.elsewhere }
      others.reject! { |_, count| count.zero? }
      counts = { "delivered" => progress.delivered, **others, "set aside" => progress.set_aside, "left" => progress.left }
      summary = counts.map { |what, count| "#{count} #{what}" }.join(", ")
      BoundedOutput.say(@out, "mail_room: #{summary} (#{format("%.1f", seconds)} s)")
    end
  end
end
