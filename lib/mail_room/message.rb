# frozen_string_literal: true

module MailRoom
  # A fetched message: its id at the source, and its octets. Messages with the same class, uid and body are equal.
  class Message
    # @return [Integer, String] its id at the source
    attr_reader :uid
    # @return [String, nil] the raw message; nil when the source had none
    attr_reader :body

    # @param uid [Integer, String]
    # @param body [String, nil]
    def initialize(uid:, body:)
      @uid = uid
      @body = body
    end

    def ==(other)
      self.class == other.class && identity == other.identity
    end
    alias eql? ==

    def hash
      [self.class, *identity].hash
    end

    # Shows the size of the body and never its text.
    def inspect
      "#<#{self.class.name} uid=#{uid.inspect} bytes=#{body&.bytesize.inspect}>"
    end
    alias to_s inspect

    def pretty_print(printer)
      printer.text(inspect)
    end

    protected

    def identity
      [uid, body]
    end
  end
end
