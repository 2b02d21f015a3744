# frozen_string_literal: true

require_relative "tls"

module MailRoom
  module OptionTables
    ENDPOINT = [%r{\Ahttps?://[^/?\#@\s]+(/[^?\#\s]*)?\z}i, "must be https:// and a host, without user, password and query"].freeze
    private_constant :ENDPOINT

    GRAPH = OptionTable.new(
      :graph,
      title: "Graph options", scope: "inbox_options", chosen_by: { inbox_method: "microsoft_graph" },
      about: "`inbox_options` of a mailbox with `inbox_method: microsoft_graph`. The app needs the application permission " \
             "Mail.ReadWrite for the mailbox."
    ) do
      option :tenant_id, :text,
             "The tenant: its id or domain.",
             required: true, single_line: true
      option :client_id, :text,
             "The id of the app.",
             required: true, single_line: true
      option :poll_interval, :integer,
             "How often the mailbox is polled. 0 and less mean the default.",
             range: ..86_400, unit: "seconds", default: 60, native: nil
      option :delta, :boolean,
             "Whether Graph is asked for changes and not for unread messages.",
             default: false
      option :client_secret, :text,
             "The app's secret. Either this or `client_certificate` is required.",
             secret: true, single_line: true, native: nil
      option :client_certificate, :path,
             "PEM file with the app's certificate and its RSA private key. It is read for each token.",
             native: nil, format: [->(path) { !path.empty? && PEM_PATH.first === path }, PEM_PATH.last] # rubocop:disable Style/CaseEquality
      option :azure_ad_endpoint, :text,
             "Where tokens come from. National clouds have their own.",
             default: "https://login.microsoftonline.com", format: ENDPOINT, native: nil, value_text: "URL"
      option :graph_endpoint, :text,
             "Where Graph is. National clouds have their own.",
             default: "https://graph.microsoft.com", format: ENDPOINT, native: nil, value_text: "URL"
    end
  end
end
