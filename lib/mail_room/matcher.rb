# frozen_string_literal: true

require_relative "match"
require_relative "native"
require_relative "options/matching_options"

module MailRoom
  # Finds out from a message's headers what the message is for.
  #
  # @example
  #   matcher = MailRoom::Matcher.new(address: "incoming+%{key}@gitlab.example.com", gitlab_host: "gitlab.example.com")
  #   matcher.match(raw).key
  class Matcher
    # @param address [String] the mailbox's address, with `%{key}` for what the app puts there; without it only references match
    # @param gitlab_host [String, nil] the host in the ids of the app's own mails, `<reply-KEY@host>`
    # @param also_accept [Array<String>] more addresses of ours; `*` is any run of characters
    # @param auto_replies [Symbol] `:ignore` gives them the verdict `:auto_reply`; `:deliver` looks at them like any other
    # @param bounces [Symbol] `:ignore` gives them the verdict `:bounce`; `:deliver` looks at them like any other message
    # @raise [ConfigurationError] naming the option
    def initialize(address:, gitlab_host: nil, also_accept: [], auto_replies: :ignore, bounces: :deliver)
      options = { address: address, gitlab_host: gitlab_host, also_accept: also_accept, auto_replies: auto_replies, bounces: bounces }
      @native = Native::Matcher.new(MatchingOptions.to_native(options, where: "Matcher"))
    end

    # @param raw [String] the raw message, whatever its encoding and validity
    # @return [Match]
    def match(raw)
      Match.new(*@native.match(raw))
    end

    # Lists the headers and addresses that were looked at, in the order of the message.
    #
    # @param raw [String]
    # @return [Array<Looked>] at most 1,000
    def explain(raw)
      @native.explain(raw).map { |members| Looked.new(*members) }
    end

    # outcome: `:key`, `:accepted`, `:not_ours`, `:no_address`, `:auto_reply`, or `:not_looked_at`: References, without gitlab_host.
    Looked = Struct.new(:header, :address, :outcome, :key)
  end
end
