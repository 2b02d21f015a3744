# frozen_string_literal: true

module MailRoom
  module Check
    # Results for people to read.
    class Text
      MARKS = { ok: "\u2713", warning: "!", failed: "\u2717" }.freeze
      PLAIN_MARKS = { ok: "+", warning: "!", failed: "x" }.freeze
      COLOURS = { ok: 32, warning: 33, failed: 31 }.freeze
      private_constant :MARKS, :PLAIN_MARKS, :COLOURS

      # @param out [IO]
      # @param quiet [Boolean] only failures and warnings
      def initialize(out, quiet: false)
        @out = out
        @quiet = quiet
        @coloured = out.tty? && ENV.fetch("NO_COLOR", "").empty?
        @marks = (out.external_encoding || Encoding.default_external) == Encoding::UTF_8 ? MARKS : PLAIN_MARKS
      end

      # @param result [Result]
      def result(result)
        steps = @quiet ? result.steps.reject { |step| step.status == :ok } : result.steps
        return if steps.empty?

        @out.puts "Checking mailbox #{result.title} ..."
        steps.each { |step| step(step) }
        @out.puts
      end

      # @param results [Array<Result>]
      def summary(results)
        failed, warned = %i[failed? warning?].map { |kind| results.sum { |result| result.steps.count(&kind) } }
        return if @quiet && (failed + warned).zero?

        state = [(count(failed, "problem") if failed.positive?), (count(warned, "warning") if warned.positive?)].compact
        @out.puts "#{count(results.size, "mailbox", "mailboxes")}: #{state.empty? ? "everything is well" : state.join(", ")}"
      end

      private

      def step(step)
        # Details of a failure or warning have a line of their own.
        aside = [(step.detail if step.status == :ok), ("#{step.took_ms} ms" if step.took_ms)].compact
        line = "#{@marks[step.status]} #{step.question} ... #{step.answer}#{" (#{aside.join(", ")})" unless aside.empty?}"
        @out.puts coloured(printable(line), step.status)
        return if step.status == :ok

        @out.puts "    #{printable(step.detail)}" if step.detail
        @out.puts "    Try fixing it: #{printable(step.fix)}" if step.fix
      end

      def coloured(line, status)
        @coloured ? line.sub(/\A\S+/) { |mark| "\e[#{COLOURS[status]}m#{mark}\e[0m" } : line
      end

      # Names of folders and certificates come from elsewhere: no control character of theirs reaches the terminal.
      def printable(text)
        text.gsub(/[[:cntrl:]]/, "?")
      end

      def count(number, one, many = "#{one}s")
        "#{number} #{number == 1 ? one : many}"
      end
    end
  end
end
