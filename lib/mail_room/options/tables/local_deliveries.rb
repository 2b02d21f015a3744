# frozen_string_literal: true

require_relative "../option_table"

module MailRoom
  # Deliveries that stay on this machine.
  module OptionTables
    LOGGER_DELIVERY = OptionTable.new(
      :logger_delivery,
      title: "delivery_options: logger", scope: "delivery_options", chosen_by: { delivery_method: "logger" },
      about: "Writes each message as a line of a Ruby Logger."
    ) do
      option :log_path, :any,
             "The file. May also be an option of the mailbox.",
             native: nil, value_text: "path", default_text: "standard output"
    end

    LETTER_OPENER = OptionTable.new(
      :letter_opener,
      title: "delivery_options: letter_opener", scope: "delivery_options",
      chosen_by: { delivery_method: "letter_opener" },
      about: "Opens each message in a browser, for development. It needs the gems letter_opener and mail, which this gem does " \
             "not install."
    ) do
      option :location, :any,
             "The folder that the pages are written to. May also be an option of the mailbox.",
             native: nil, value_text: "path"
    end
  end
end
