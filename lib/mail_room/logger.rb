# frozen_string_literal: true

module MailRoom
  # Namespace of the loggers; not the logger delivery, which is {Delivery::Logger}.
  module Logger
    # Loaded on first use, with Ruby's logger and JSON: the native library writes the log of a mailbox that is watched.
    autoload :Structured, File.expand_path("logger/structured", __dir__)
  end
end
