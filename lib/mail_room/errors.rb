# frozen_string_literal: true

# The errors that this gem raises. They are defined before the native library is loaded, which looks them up by name. No message
# contains a password, a secret or a part of a mail.
module MailRoom
  # The configuration has no meaning, or asks for something this version cannot do. The message names the field.
  class ConfigurationError < RuntimeError; end

  # `idle_timeout` is so long that mail servers would hang up first. The maximum is 1740 seconds.
  class IdleTimeoutTooLarge < RuntimeError; end

  # A target (Redis, a log file) did not take a message, or an arbiter could not be asked. The message was not delivered.
  class DeliveryError < RuntimeError; end
end
