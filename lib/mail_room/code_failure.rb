# frozen_string_literal: true

module MailRoom
  # What went wrong in Ruby code that somebody else wrote into a file of theirs (an ERB template, gitlab.rb), in one line
  # that never shows a value of it: every one may be a password.
  #
  # @api private
  module CodeFailure
    class << self
      # @param error [Exception]
      # @param path [String] the file
      # @param what [String] what failed
      # @return [String] `path:12: what failed: why`
      def told(error, path, what)
        "#{path}#{line(error, path)}: #{what}: #{reason(error, path)}"
      end

      private

      # `:12`, where the code in the file is at fault or called what failed; else empty
      def line(error, path)
        places = [error.message.lines.first.to_s, *error.backtrace]
        places.filter_map { |place| place[/\A#{Regexp.escape(path)}(:\d+)/, 1] }.first.to_s
      end

      def reason(error, path)
        # The message of a NameError shows its receiver, such as a hash with a password.
        return "#{error.class}: undefined #{error.name}" if error.is_a?(NameError)

        first_line = error.message.lines.first.to_s.strip.sub(/\A#{Regexp.escape(path)}:\d+:\s*/, "")
        "#{error.class}: #{first_line.empty? ? "no message" : first_line}"
      end
    end
  end
end
