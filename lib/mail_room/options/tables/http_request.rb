# frozen_string_literal: true

require_relative "../option_table"

module MailRoom
  module OptionTables
    # The rows of every delivery that sends messages by HTTP.
    HTTP_REQUEST = proc do
      option :headers, :headers,
             "More request headers.",
             default: {}, secret: true, native: nil
      option :ssl, :options,
             "See {tls}. Its keys may also stand directly in `delivery_options`.",
             table: :tls, default: {}, native: nil
      option :connect_timeout, :integer,
             "How long a connection may take to be established.",
             range: 1..3600, unit: "seconds", default: 10
      option :timeout, :integer,
             "How long the whole response may take.",
             range: 1..3600, unit: "seconds", default: 60
      option :concurrency, :integer,
             "How many requests may be in flight at the same time.",
             range: 1..64, default: 4
    end
    private_constant :HTTP_REQUEST
  end
end
