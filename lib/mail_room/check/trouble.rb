# frozen_string_literal: true

require_relative "../native"
require_relative "program"
require_relative "step"

module MailRoom
  module Check
    # Who is told of trouble (`on_trouble`): that somebody answers at the address, or that the program exists. Sends no notice.
    module Trouble
      TEXTS = { "prepared" => [nil, "Correct url in on_trouble"],
                "answered" => ["Host of on_trouble answers?", "Check url in on_trouble, and that somebody answers there"] }.freeze
      # How the host is asked.
      HEAD = { "method" => "postback", "content_type" => "application/json", "connect_timeout" => 10, "timeout" => 30,
               "concurrency" => 1 }.freeze
      private_constant :TEXTS, :HEAD

      # @param mailbox [Mailbox]
      # @return [Array<Step>]
      def self.steps(mailbox)
        native = mailbox.to_native["on_trouble"] or return []
        return Program.steps(native["command"], "on_trouble") if native["command"]

        Report.new(Native.check_http(HEAD.merge("url" => host(native["url"]))), "on_trouble", TEXTS).steps
      end

      # The address without what may be a secret: login, path and query. Any answer of the host will do.
      def self.host(url)
        url[%r{\Ahttps?://[^/?#]*}i].sub(%r{//.*@}, "//")
      end
      private_class_method :host
    end
  end
end
