# frozen_string_literal: true

require_relative "../option_table"

module MailRoom
  module OptionTables
    CONFIGURATION = OptionTable.new(
      :configuration,
      title: "A configuration", scope: "the configuration",
      about: "The top level of the file."
    ) do
      option :mailboxes, :any,
             "The mailboxes to watch, see {mailbox}.",
             table: :mailbox, native: nil, value_text: "list of mappings", default_text: "(required)"
      option :health_check, :options,
             "Answers over HTTP how the process is, see {health_check}.",
             table: :health_check, native: nil, default_text: "none"
    end
  end
end
