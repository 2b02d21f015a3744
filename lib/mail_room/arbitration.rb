# frozen_string_literal: true

require_relative "registry"

module MailRoom
  # Decides which of several processes that watch one mailbox delivers a message: the classes that `arbitration_method` names.
  module Arbitration
    extend Registry

    choose_by("arbitration_method", { "noop" => :Noop, "redis" => :Redis }, folder: File.expand_path("arbitration", __dir__))
  end
end
