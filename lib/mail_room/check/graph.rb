# frozen_string_literal: true

require "mail_room/check/step"
require "mail_room/native"

module MailRoom
  module Check
    # A mailbox of Microsoft Graph: the token, the folder, and what waits in it. Reads only.
    module Graph
      PERMISSION = "In Entra give the app the application permission Mail.ReadWrite with admin consent, and let an application access " \
                   "policy, if there is one, include this mailbox; see docs/graph.md"
      private_constant :PERMISSION

      class << self
        # @param mailbox [Mailbox]
        # @return [Array<Step>]
        def steps(mailbox)
          Found.new(Native.check_graph(mailbox.to_native), "graph", texts(mailbox)).steps do |name, facts, _took|
            "#{facts["unread"]} unread" if name == "unread"
          end
        end

        private

        def texts(mailbox)
          {
            "prepared" => [nil, "Check azure_ad_endpoint and graph_endpoint in inbox_options"],
            "token" => ["Microsoft Entra credentials are correct?",
                        "Check tenant_id, client_id and client_secret (or client_certificate) in inbox_options: a secret expires, and " \
                        "its value is not its id"],
            "folder" => ["Mailbox #{mailbox.name} exists?", "Check email and name. #{PERMISSION}"],
            "unread" => ["Waiting messages can be counted?", PERMISSION]
          }
        end
      end
    end
  end
end
