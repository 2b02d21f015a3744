# frozen_string_literal: true

module MailRoom
  # Describes an exception that the Ruby code of a configuration (an ERB template, gitlab.rb) raised, in one line: its class, the file and
  # the line. It leaves out the exception's message, which may quote a value or the code around it, and so a password.
  #
  # @api private
  module CodeFailure
    class << self
      # @param error [Exception]
      # @param path [String] the file
      # @param what [String] what failed
      # @return [String] `path:12: what failed: KeyError`
      def describe(error, path, what)
        "#{path}#{line(error, path)}: #{what}: #{error.class}"
      end

      private

      # @return [String] `:12`, the line in the file that raised or called what raised; empty if there is none
      def line(error, path)
        places = error.backtrace || []
        # A syntax error has no line of the file in its backtrace.
        places = [error.message.lines.first.to_s, *places] if error.instance_of?(SyntaxError)
        places.filter_map { |place| place[/\A#{Regexp.escape(path)}(:\d+)/, 1] }.first.to_s
      end
    end
  end
end
