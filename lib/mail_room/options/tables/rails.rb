# frozen_string_literal: true

require_relative "http_request"
require_relative "tls"

module MailRoom
  # Deliveries to a Rails app.
  module OptionTables
    ACTION_MAILBOX = OptionTable.new(
      :action_mailbox,
      title: "delivery_options: action_mailbox", scope: "delivery_options", beside: TLS,
      chosen_by: { delivery_method: "action_mailbox" },
      about: "Hands each message to Rails' Action Mailbox: with `url` by HTTP, to the app's relay ingress; without `url`, inside of " \
             "the Rails app that watches the mailbox. See [rails.md](rails.md)."
    ) do
      option :url, :string,
             "The app's address, `http` or `https`. The path of the ingress, `/rails/action_mailbox/relay/inbound_emails`, may be " \
             "left out. May also be an option of the mailbox, `delivery_url`.",
             names: %i[url delivery_url], value_text: "URL"
      option :password, :string,
             "The app's `action_mailbox.ingress_password`.",
             names: %i[password delivery_password], secret: true, default_text: "RAILS_INBOUND_EMAIL_PASSWORD"
      instance_exec(&HTTP_REQUEST)
    end

    ACTIVE_JOB = OptionTable.new(
      :active_job,
      title: "delivery_options: active_job", scope: "delivery_options", chosen_by: { delivery_method: "active_job" },
      about: "Enqueues a job with the message's text as its only argument, inside of the Rails app that watches the mailbox, by " \
             "whichever adapter the app uses (Solid Queue, GoodJob, Delayed Job, ...). See [rails.md](rails.md)."
    ) do
      option :job_class, :text,
             "The class name of the job.",
             required: true, shown: true, native: nil
      option :queue, :text,
             "The queue.",
             shown: true, native: nil, default_text: "the job's own"
    end
  end
end
