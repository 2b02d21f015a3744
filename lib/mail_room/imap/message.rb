# frozen_string_literal: true

require_relative "../message"

module MailRoom
  # Namespace of what only IMAP has.
  module IMAP
    # A message from an IMAP server.
    class Message < MailRoom::Message
      # @return [Integer] its sequence number when it was fetched; it changes whenever an earlier message is expunged
      attr_reader :seqno

      # @param uid [Integer]
      # @param body [String, nil]
      # @param seqno [Integer]
      def initialize(uid:, body:, seqno:)
        super(uid: uid, body: body)
        @seqno = seqno
      end

      protected

      def identity
        [*super, seqno]
      end
    end
  end
end
