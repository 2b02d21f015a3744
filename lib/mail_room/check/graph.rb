# frozen_string_literal: true

require_relative "../native"
require_relative "folders"
require_relative "step"

module MailRoom
  module Check
    # A mailbox of Microsoft Graph: token, permission, folder and the messages that wait in it.
    class Graph
      PERMISSION = "Mail.ReadWrite"
      GRANT = "Grant the app the application permission #{PERMISSION}, with an administrator's consent, and check whether an application " \
              "access policy excludes this mailbox (Test-ApplicationAccessPolicy)".freeze
      CREDENTIALS = "Check tenant_id, client_id and client_secret (or client_certificate) in inbox_options: a secret expires, and its " \
                    "value is not its id"
      private_constant :PERMISSION, :GRANT, :CREDENTIALS

      # @param mailbox [Mailbox]
      # @return [Array<Step>]
      def self.steps(mailbox)
        folders = Folders.new(mailbox, "graph")
        texts = { **texts(mailbox), **folders.texts }
        Report.new(Native.check_graph(mailbox.to_native), "graph", texts).steps do |name, facts, took|
          case name
          when "prepared" then []
          when "token" then token(facts["roles"])
          when "unread" then folders.said(name, facts, took) || "#{facts["unread"]} unread"
          else folders.said(name, facts, took)
          end
        end
      end

      def self.texts(mailbox)
        { "prepared" => [nil, "Check azure_ad_endpoint and graph_endpoint in inbox_options"],
          "token" => ["Microsoft Entra credentials are correct?", CREDENTIALS],
          "folder" => ["Mailbox #{mailbox.name} exists?", "Check email and name, else: #{GRANT}"],
          "unread" => ["Waiting messages can be counted?", GRANT] }
      end

      def self.token(roles)
        had = Step.ok("graph.token", "Microsoft Entra credentials are correct?")
        return had if roles.nil?

        question = "App has the permission Mail.ReadWrite?"
        detail = roles.empty? ? "it has none" : roles.join(", ")
        [had, roles.include?(PERMISSION) ? Step.ok("graph.permission", question) : Step.failed("graph.permission", question, detail, GRANT)]
      end
      private_class_method :texts, :token
    end
  end
end
