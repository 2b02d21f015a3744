# frozen_string_literal: true

module MailRoom
  # "Did you mean ...?": the known word nearest to a mistyped one. Uses the spell checker that comes with Ruby.
  module Suggestion
    # @param word [#to_s] what somebody wrote
    # @param known [Enumerable<#to_s>] what we would have understood
    # @return [String, nil] the nearest known word, or nil when none is near or Ruby runs without its spell checker
    def self.nearest(word, known)
      require "did_you_mean"
      DidYouMean::SpellChecker.new(dictionary: known.map(&:to_s)).correct(word.to_s).first
    rescue LoadError
      nil
    end

    # @return [String] ` (did you mean :port?)`, or an empty string
    def self.hint(word, known)
      nearest = nearest(word, known)
      nearest ? " (did you mean :#{nearest}?)" : ""
    end
  end
end
