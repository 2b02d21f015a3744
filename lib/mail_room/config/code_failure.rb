# frozen_string_literal: true

module MailRoom
  # What went wrong in Ruby code that somebody else wrote into a file of theirs (an ERB template, gitlab.rb), in one line:
  # what kind of error, in which file, on which line. Never its message, which shows the value that caused it or the code
  # around: either may hold a password.
  #
  # @api private
  module CodeFailure
    class << self
      # @param error [Exception]
      # @param path [String] the file
      # @param what [String] what failed
      # @return [String] `path:12: what failed: KeyError`
      def told(error, path, what)
        "#{path}#{line(error, path)}: #{what}: #{error.class}"
      end

      private

      # `:12`, where the code in the file is at fault or called what failed; else empty
      def line(error, path)
        places = error.backtrace || []
        # Code that cannot be parsed was never run.
        places = [error.message.lines.first.to_s, *places] if error.instance_of?(SyntaxError)
        places.filter_map { |place| place[/\A#{Regexp.escape(path)}(:\d+)/, 1] }.first.to_s
      end
    end
  end
end
