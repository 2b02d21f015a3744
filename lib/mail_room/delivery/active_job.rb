# frozen_string_literal: true

require_relative "../errors"
require_relative "../native"
require_relative "../options/option_struct"
require_relative "../options/tables/rails"
require_relative "mailbox_logger"
require_relative "rails_app"

module MailRoom
  module Delivery
    # Enqueues a job with the message's text, inside of a Rails app. See {OptionTables::ACTIVE_JOB}.
    class ActiveJob
      Options = OptionStruct.define(OptionTables::ACTIVE_JOB, %i[job_class queue logger], from: :delivery_options) do
        prepend MailboxLogger
      end

      # @return [Options]
      attr_reader :options

      # @param options [Options]
      # @raise [ConfigurationError] if there is no such job
      def initialize(options)
        @options = options
        job_class
      end

      # @param message [String] the raw message
      # @return [Boolean] false if a callback of the job kept it from being enqueued
      # @raise [DeliveryError] if the adapter did not take it
      def deliver(message)
        job = RailsApp.wrap { enqueue(job_class.new(Native.to_utf8(message))) }
        return false unless job

        # If the app opens a transaction around all work, Rails 7.2 and later enqueue when that ends: after enqueue has returned.
        refuse(job) if job.respond_to?(:successfully_enqueued?) && !job.successfully_enqueued?
        options.logger.info({ delivery_method: "ActiveJob", action: "message pushed", job_id: job.job_id })
        true
      end

      private

      # Active Job answers false both if a callback aborted and if the adapter refused the job. Rails 7.0 and later say in enqueue_error
      # which of the two it was.
      def enqueue(job)
        return job if job.enqueue(**(options.queue ? { queue: options.queue } : {}))

        refuse(job) if job.respond_to?(:enqueue_error) && job.enqueue_error
      end

      def refuse(job)
        raise DeliveryError, "#{options.job_class} was not enqueued: #{job.enqueue_error.class}"
      end

      # Looked up anew each time: in development it is reloaded.
      def job_class
        klass = RailsApp.constant(options.job_class, "delivery_method active_job needs the job of the Rails app that watches the " \
                                                     "mailbox; correct job_class")
        return klass if klass.respond_to?(:perform_later)

        raise ConfigurationError, "#{options.job_class} is no Active Job: it has no perform_later; correct job_class"
      end
    end
  end
end
