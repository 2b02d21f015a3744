# frozen_string_literal: true

require "io/wait"

module MailRoom
  # Writes to a stream that perhaps nobody reads: a pipe that is full must not keep the process from starting, or from ending.
  # Needs no thread, of which there may be none.
  module BoundedOutput
    # Seconds that a stream may take nothing.
    WITHIN = 2
    # Octets written at a time: a pipe that takes any takes these without blocking (POSIX: PIPE_BUF, on Linux 4096).
    AT_A_TIME = 4096
    private_constant :WITHIN, :AT_A_TIME

    class << self
      # @param stream [IO, #write]
      # @param text [String]
      # @param within [Numeric] seconds
      # @return [Boolean] whether all of it was written; nothing is raised when the stream is closed or broken
      def write(stream, text, within: WITHIN)
        return written_to_object(stream, text) unless stream.is_a?(IO)

        return false unless stream.wait_writable(within)

        # What somebody else has written through Ruby's buffer comes first.
        stream.flush
        octets = text.b
        until octets.empty?
          return false unless stream.wait_writable(within)

          octets = octets.byteslice(stream.syswrite(octets.byteslice(0, AT_A_TIME))..)
        end
        true
      rescue SystemCallError, IOError
        false
      end

      # @return [Boolean] whether the stream hangs: Ruby would wait at its end for what lies in its buffer
      def stuck?(stream)
        !stream.wait_writable(WITHIN)
      rescue SystemCallError, IOError
        false
      end

      # Writes a line.
      # @return [Boolean] see {write}
      def say(stream, line)
        write(stream, "#{line}\n")
      end

      private

      # A test's or a host's stand-in.
      def written_to_object(stream, text)
        stream.write(text)
        true
      end
    end
  end
end
