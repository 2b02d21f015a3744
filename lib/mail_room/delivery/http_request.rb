# frozen_string_literal: true

require_relative "../options/tls_options"

module MailRoom
  module Delivery
    # What the deliveries by HTTP have in common.
    #
    # @api private
    module HttpRequest
      class << self
        # @param values [Hash{Symbol=>Object}] the options as their table reads them
        # @param mailbox [Mailbox]
        # @return [Hash{Symbol=>Object}] `ssl` with the options of TLS that stand beside it
        def tls(values, mailbox)
          values[:ssl].merge(mailbox.delivery_options.slice(*TlsOptions::KEYS))
        end

        # @param options [Postback::Options, ActionMailbox::Options]
        # @return [Hash{String=>Object}] for the native library
        # @raise [ConfigurationError] naming the option
        def native(options, where)
          { "headers" => options.headers.compact, "tls" => TlsOptions.to_native(options.ssl, where: where) }
        end

        # @return [String] the address without credentials and query, for the log
        def shown(url)
          url.sub(%r{//[^/?#]*@}, "//").sub(/[?#].*/m, "")
        end
      end
    end
  end
end
