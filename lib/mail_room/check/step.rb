# frozen_string_literal: true

require "json"

module MailRoom
  module Check
    # One question and its answer.
    #
    # @!attribute id
    #   @return [String] what was tried, for programs
    # @!attribute question
    #   @return [String] in the words of GitLab's own checks
    # @!attribute status
    #   @return [Symbol] ok, warning (it works, with a drawback or not for long) or failed
    # @!attribute answer
    #   @return [String] yes or no
    # @!attribute detail
    #   @return [String, nil] the details
    # @!attribute fix
    #   @return [String, nil] what to do
    # @!attribute took_ms
    #   @return [Integer, nil]
    Step = Struct.new(:id, :question, :status, :answer, :detail, :fix, :took_ms, keyword_init: true) do
      class << self
        def ok(id, question, detail = nil, took_ms: nil)
          new(id: id, question: question, status: :ok, answer: "yes", detail: detail, took_ms: took_ms)
        end

        # It works, with a reservation.
        def warning(id, question, detail, fix, answer: "yes", took_ms: nil)
          new(id: id, question: question, status: :warning, answer: answer, detail: detail, fix: fix, took_ms: took_ms)
        end

        def failed(id, question, detail, fix, took_ms: nil)
          new(id: id, question: question, status: :failed, answer: "no", detail: detail, fix: fix, took_ms: took_ms)
        end
      end

      def failed?
        status == :failed
      end

      def warning?
        status == :warning
      end

      # @return [Hash] the members that are set
      def to_h
        super.compact
      end
    end

    # Converts the report of the native library into steps.
    class Report
      # @param json [String]
      # @param prefix [String] the first part of the steps' ids
      # @param texts [Hash{String=>(String, String)}] by what was tried: the question, and what to do if it failed
      def initialize(json, prefix, texts)
        @found = JSON.parse(json)
        @prefix = prefix
        @texts = texts
      end

      # @yieldparam name [String] what was tried
      # @yieldparam facts [Hash] what was learned
      # @yieldreturn [Step, Array<Step>, String, nil] the steps of a success, or its detail
      # @return [Array<Step>]
      def steps
        @found.flat_map do |found|
          name, facts, took = found.values_at("step", "facts", "took_ms")
          question, fix = @texts[name]
          next failed(name, question || name, found, fix) unless found["ok"]

          said = yield(name, facts, took) if block_given?
          said.nil? || said.is_a?(String) ? ok(name, question, said, took) : said
        end.compact
      end

      private

      def ok(name, question, detail, took)
        Step.ok("#{@prefix}.#{name}", question, detail, took_ms: took) if question
      end

      def failed(name, question, found, fix)
        Step.failed("#{@prefix}.#{name}", question, found["error"], fix.respond_to?(:call) ? fix.call(found["facts"]) : fix,
                    took_ms: found["took_ms"])
      end
    end
  end
end
