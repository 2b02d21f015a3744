# frozen_string_literal: true

require_relative "tables/auth"
require_relative "tables/command"
require_relative "tables/configuration"
require_relative "tables/gitlab_section"
require_relative "tables/graph"
require_relative "tables/health_check"
require_relative "tables/local_deliveries"
require_relative "tables/mailbox"
require_relative "tables/matching"
require_relative "tables/on_trouble"
require_relative "tables/postback"
require_relative "tables/que"
require_relative "tables/rails"
require_relative "tables/redis"
require_relative "tables/redis_arbitration"
require_relative "tables/rejection"
require_relative "tables/sidekiq"
require_relative "tables/tls"

module MailRoom
  # Every option that a configuration may have, a table for each mapping. An option is declared in its table and nowhere else in Ruby.
  #
  # @api private
  module OptionTables
    # In the order of the reference.
    ALL = [CONFIGURATION, HEALTH_CHECK, MAILBOX, SIDEKIQ, POSTBACK, QUE, ACTION_MAILBOX, ACTIVE_JOB, COMMAND, LOGGER_DELIVERY,
           LETTER_OPENER, REDIS_ARBITRATION, REDIS, SENTINEL, TLS, GRAPH, AUTH, MATCHING, REJECTION, SMTP, ON_TROUBLE, LOGGER,
           GITLAB_SECTION].freeze

    class << self
      # @param key [Symbol]
      # @return [OptionTable]
      def [](key)
        ALL.find { |table| table.key == key } or raise KeyError, "there is no table #{key.inspect}"
      end

      # @param option [Option]
      # @param settings [Hash] the options beside it
      # @return [OptionTable, nil] the table of the mapping that is the option's value
      def below(option, settings)
        return self[option.table] if option.table.is_a?(Symbol)

        ALL.find { |table| option.table.any? { |other| table.chosen_by[other] == settings[other].to_s } } if option.table
      end
    end
  end
end
