# frozen_string_literal: true

module MailRoom
  # Suggests the known word that is nearest to a misspelt one, with the spell checker that comes with Ruby.
  module Suggestion
    # @param word [#to_s] the misspelt word
    # @param known [Enumerable<#to_s>] the known words
    # @return [String, nil] the nearest known word; nil if none is near, or if Ruby runs without its spell checker
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
