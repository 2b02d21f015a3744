# frozen_string_literal: true

require_relative "../errors"
require_relative "../output/warnings"
require_relative "tables/graph"

module MailRoom
  # Converts `inbox_options` of a mailbox with `inbox_method: microsoft_graph`. See {OptionTables::GRAPH}.
  module GraphOptions
    TABLE = OptionTables::GRAPH
    POLL_INTERVAL = TABLE[:poll_interval].default
    LONGEST_POLL = TABLE[:poll_interval].range.end
    ENDPOINTS = TABLE.defaults.slice(:azure_ad_endpoint, :graph_endpoint).freeze
    LOOPBACK = %r{\Ahttp://(localhost|127\.[\d.]+|\[::1\])(:\d+)?/?\z}i
    private_constant :TABLE, :LOOPBACK

    class << self
      # @param options [Hash] as configured
      # @param where [String] what they belong to, for errors
      # @return [Hash{String=>Object}] for the native library
      # @raise [ConfigurationError] naming the option
      def to_native(options, where:)
        values = TABLE.read(options, where: where)
        interval = values[:poll_interval]
        TABLE.native(values).merge("poll_interval" => interval.positive? ? interval : POLL_INTERVAL, **credential(values, where),
                                   **endpoints(values, where))
      end

      private

      def credential(values, where)
        secret, certificate = values.values_at(:client_secret, :client_certificate)
        return { "client_certificate" => certificate } if certificate && secret.nil?
        return { "client_secret" => secret } if secret && certificate.nil?
        raise ConfigurationError, "Field :client_secret in #{where} is required" if secret.nil?

        raise ConfigurationError, "Field :client_certificate in #{where} cannot stand beside client_secret: remove one of them"
      end

      # The app's secret and its tokens are sent there.
      def endpoints(values, where)
        ENDPOINTS.keys.to_h do |key|
          url = values[key]
          if url.match?(/\Ahttp:/i) && !url.match?(LOOPBACK)
            field = "Field :#{key} in #{where}"
            Warnings.once([:clear, field], "#{field} is http: credentials and mail travel unprotected")
          end
          [key.to_s, url.chomp("/")]
        end
      end
    end
  end
end
