# frozen_string_literal: true

module MailRoom
  # Writes to a stream, and gives up if nothing reads it: a full pipe must not keep the process from starting or ending. Needs no thread,
  # because the system may refuse one.
  module BoundedOutput
    # How many seconds a stream may accept nothing.
    WITHIN = 2
    # How many octets are written at a time. A writable pipe accepts them without blocking (POSIX: PIPE_BUF, 4096 on Linux).
    AT_A_TIME = 4096
    private_constant :WITHIN, :AT_A_TIME

    class << self
      # @param stream [IO, #write]
      # @param text [String]
      # @param within [Numeric] seconds
      # @return [Boolean] whether all of it was written; nothing is raised when the stream is closed or broken
      def write(stream, text, within: WITHIN)
        return written_to_object(stream, text) unless stream.is_a?(IO)

        return false unless writable?(stream, within)

        # Earlier output may be in Ruby's buffer.
        stream.flush
        octets = text.b
        until octets.empty?
          return false unless writable?(stream, within)

          octets = octets.byteslice(stream.syswrite(octets.byteslice(0, AT_A_TIME))..)
        end
        true
      rescue SystemCallError, IOError
        false
      end

      # @return [Boolean] whether the stream accepts nothing: at exit, Ruby would wait to flush its buffer
      def stuck?(stream)
        !writable?(stream, WITHIN)
      rescue SystemCallError, IOError
        false
      end

      # Writes a line.
      # @return [Boolean] see {write}
      def say(stream, line)
        write(stream, "#{line}\n")
      end

      private

      # Not IO#wait_writable: for that, older Rubies load a file, which cannot be opened where descriptors have run out.
      def writable?(stream, within)
        !IO.select(nil, [stream], nil, within).nil? # rubocop:disable Lint/IncompatibleIoSelectWithFiberScheduler
      end

      # The stream may be an object of a test or a host that only has `write`.
      def written_to_object(stream, text)
        stream.write(text)
        true
      end
    end
  end
end
