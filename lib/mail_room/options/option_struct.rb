# frozen_string_literal: true

require_relative "redaction"

module MailRoom
  # The class Options of a delivery or arbitration: a Struct that is read from a mailbox as an {OptionTable} says.
  #
  # @api private
  module OptionStruct
    # What the body of a class may override.
    module Completion
      private

      # @param values [Hash{Symbol=>Object}] the options as the table reads them
      # @return [Hash{Symbol=>Object}] the members
      def complete(values, _mailbox) = values
    end
    private_constant :Completion

    # @param table [OptionTable]
    # @param first [Array<Symbol>] the members that come first, in the order that hosts know; the table's others follow
    # @param from [Symbol] the option of the mailbox that holds the options
    # @yield the body of the class. A private method `complete(values, mailbox)` may add to the values or change them.
    # @return [Class] a Struct whose `new` takes a mailbox
    def self.define(table, first, from:, &body)
      Struct.new(*(first | table.members)) do
        include Completion
        include Redaction.showing(*(members & table.shown))

        # Raises ConfigurationError naming the option.
        define_method(:initialize) do |mailbox|
          values = complete(table.read(mailbox[from], where: "#{from} of #{mailbox.title}"), mailbox)
          super(*values.values_at(*members))
          @mailbox = mailbox
        end

        class_eval(&body) if body
      end
    end
  end
end
