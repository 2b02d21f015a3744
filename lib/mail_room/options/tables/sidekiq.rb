# frozen_string_literal: true

require_relative "redis"

module MailRoom
  module OptionTables
    SIDEKIQ = OptionTable.new(
      :sidekiq,
      title: "delivery_options: sidekiq", scope: "delivery_options", chosen_by: { delivery_method: "sidekiq" },
      about: "Pushes each message as a job into a Sidekiq queue."
    ) do
      include_table REDIS
      option :redis_db, :integer,
             "The database. The path of `redis_url` has no effect here.",
             range: 0.., default: 0, shown: true, native: nil
      option :queue, :text,
             "The queue.",
             default: "default", shown: true
      option :worker, :text,
             "The class name of the worker.",
             required: true, shown: true
      option :max_job_size, :integer,
             "The largest job. A message whose job would be larger is set aside. Above 10 MB, each message is warned about.",
             range: 1.., unit: "octets", shown: true, default_text: "no limit"
    end
  end
end
