# frozen_string_literal: true

require_relative "delivery/letter_opener"
require_relative "delivery/logger"
require_relative "delivery/noop"
require_relative "delivery/postback"
require_relative "delivery/que"
require_relative "delivery/sidekiq"
require_relative "registry"

module MailRoom
  # Delivers messages: the classes that `delivery_method` names. A class that is not native runs in Ruby, like one of the app's own.
  module Delivery
    extend Registry

    choose_by("delivery_method",
              { "noop" => Noop, "logger" => Logger, "sidekiq" => Sidekiq, "postback" => Postback, "letter_opener" => LetterOpener,
                "que" => Que },
              native: [Noop, Logger, Sidekiq, Postback, Que])
  end
end
