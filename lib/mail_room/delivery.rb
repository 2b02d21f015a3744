# frozen_string_literal: true

require_relative "registry"

module MailRoom
  # Delivers messages: the classes that `delivery_method` names. A class that is not native runs in Ruby, like one of the app's own.
  module Delivery
    extend Registry

    choose_by("delivery_method",
              { "noop" => :Noop, "logger" => :Logger, "sidekiq" => :Sidekiq, "postback" => :Postback, "letter_opener" => :LetterOpener,
                "que" => :Que, "action_mailbox" => :ActionMailbox, "active_job" => :ActiveJob, "command" => :Command },
              folder: File.expand_path("delivery", __dir__), in_ruby: %i[LetterOpener ActiveJob])

    # @param mailbox [Mailbox]
    # @return [Class] what the mailbox's `delivery_method` names; of a delivery with several classes, the one for this mailbox
    # @raise [ConfigurationError] if there is no such delivery
    def self.for(mailbox)
      klass = self[mailbox.delivery_method]
      klass.respond_to?(:for) ? klass.for(mailbox) : klass
    end
  end
end
