# frozen_string_literal: true

module MailRoom
  # The gem's version. Semantic Versioning over the contract in docs, not over the Rust core's internals.
  VERSION = "1.2.0"
end
