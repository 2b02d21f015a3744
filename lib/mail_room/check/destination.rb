# frozen_string_literal: true

require_relative "step"

module MailRoom
  module Check
    # A folder that messages are moved to: whether it exists, else whether it can be made, and whether messages may be put there.
    #
    # @api private
    class Destination
      # The options that name one.
      KEYS = %w[failed_mailbox delivered_mailbox].freeze
      # What Graph's ids look like. No display name does.
      GRAPH_ID = /\A[A-Za-z0-9_-]{60,}=*\z/
      GRANT = "If Graph answers 403, grant the app Mail.ReadWrite, and check whether an application access policy excludes the mailbox"
      private_constant :GRAPH_ID, :GRANT

      # @param mailbox [Mailbox]
      # @param key [String] one of KEYS
      def initialize(mailbox, key)
        @key = key
        @name = mailbox[key.to_sym]
        @email = mailbox.email
        @graph = mailbox.microsoft_graph?
      end

      # @return [(String, String)] question, and what to do if it cannot be looked at
      def texts
        ["Folder of #{@key} can be used?", @graph ? "Check #{@key}. #{GRANT}" : "Check #{@key}"]
      end

      # @param id [String] the step's
      # @param facts [Hash] what was learned
      # @param took [Integer]
      # @return [Step]
      def step(id, facts, took)
        problem = problem(facts)
        return Step.failed(id, texts.first, *problem, took_ms: took) if problem
        return no_path(id, facts["separator"], took) if @name.include?("/") && !["/", nil].include?(facts["separator"])

        Step.ok(id, texts.first, detail(facts), took_ms: took)
      end

      private

      def no_path(id, separator, took)
        Step.warning(id, texts.first, "there is no #{@name}, and to this server that is one name and no path: it may refuse it",
                     "For a folder in a folder, write #{@name.tr("/", separator)} in #{@key}", took_ms: took)
      end

      # Graph has no rights for single folders. An IMAP server need not report them (ACL, RFC 4314).
      def detail(facts)
        known = @graph || facts["may"]
        if facts["exists"]
          known ? @name : "#{@name}; the server reports no rights, so whether it takes messages shows with the first one"
        else
          "#{@name} is made when it is first needed#{"; the server reports no rights, so whether that works shows then" unless known}"
        end
      end

      # @return [(String, String), nil] what is wrong, and what to do about it
      def problem(facts)
        return ["#{@name} is the folder that is watched", "Name another folder in #{@key}"] if facts["watched"]
        return no_such_id(facts) if @graph
        return unless facts["may"] == false

        facts["exists"] ? no_insert(*facts.values_at("place", "rights")) : no_create(*facts.values_at("place", "rights"))
      end

      def no_such_id(facts)
        return unless !facts["exists"] && @name.match?(GRAPH_ID)

        ["it looks like the id of a folder, and there is none with this id: one with this name would be made",
         "Set #{@key} to the id, the name or the path of a folder"]
      end

      def no_insert(place, rights)
        ["messages may not be put into #{place}: of the rights there (#{rights}) i is missing",
         "Grant #{@email} the right i (insert) on #{place}"]
      end

      def no_create(above, rights)
        above = "the top" if above.empty?
        unless rights && !rights.include?("k")
          return ["there is no #{@name}, and the server makes no folders below #{above}", "Name another folder in #{@key}"]
        end

        ["there is no #{@name}, and it may not be made: of the rights on #{above} (#{rights}) k is missing",
         "Make #{@name} with the right i (insert) for #{@email}, or grant k (create) on #{above}"]
      end
    end
  end
end
