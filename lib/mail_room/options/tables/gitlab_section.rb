# frozen_string_literal: true

require_relative "../option_table"

module MailRoom
  module OptionTables
    GITLAB_SECTION = OptionTable.new(
      :gitlab_section,
      title: "GitLab's sections", scope: "GitLab's section",
      about: "`incoming_email` and `service_desk_email` in gitlab.yml, and their counterparts in gitlab.rb. See " \
             "[gitlab.md](gitlab.md)."
    ) do
      option :enabled, :boolean,
             "Whether the section is a mailbox.",
             default: false
      option :address, :text,
             "The address, with `%{key}`. It becomes `matching: {address: ...}`.",
             default_text: "(required)"
      option :user, :string,
             "The login.",
             default_text: "(required)"
      option :password, :string,
             "The password of `user`.",
             secret: true, default_text: "(required)"
      option :host, :string,
             "The IMAP server.",
             default_text: "(required)"
      option :port, :any,
             "Its TCP port.",
             default: 143, value_text: "integer"
      option :ssl, :any,
             "Whether the connection uses TLS from the first byte.",
             default: false, value_text: "true or false"
      option :start_tls, :any,
             "Whether STARTTLS is required.",
             default: false, value_text: "true or false"
      option :mailbox, :text,
             "The folder.",
             default: "inbox"
      option :idle_timeout, :any,
             "How long IDLE lasts before it is renewed.",
             default: 60, unit: "seconds", value_text: "integer"
      option :log_path, :path,
             "The log file.",
             default_text: "log/mail_room_json.log"
      option :delete_after_delivery, :boolean,
             "See {mailbox}.",
             default: true
      option :expunge_deleted, :boolean,
             "See {mailbox}.",
             default: false
      option :inbox_method, :any,
             "See {mailbox}.",
             value_text: "imap, microsoft_graph", default_text: "imap"
      option :inbox_options, :any,
             "See {graph}.",
             table: :graph, value_text: "mapping"
      option :auth, :any,
             "See {auth}.",
             table: :auth, value_text: "mapping"
      option :delivery_method, :text,
             "`webhook` posts to GitLab's API. `sidekiq` pushes into GitLab's queue.",
             value_text: "webhook, sidekiq", default_text: "sidekiq in gitlab.yml, webhook in gitlab.rb"
      option :gitlab_url, :text,
             "GitLab's address, for webhook.",
             value_text: "URL", default_text: "the installation's address"
      option :secret_file, :path,
             "File with the secret of GitLab's API, for webhook.",
             default_text: ".gitlab_incoming_email_secret, .gitlab_service_desk_email_secret"
      option :signing_key_file, :path,
             "PEM file with a private key of the curve P-256, for webhook. Requests then carry a token signed with it (ES256), valid for " \
             "60 seconds, with the key's thumbprint as `kid`, in place of one made with `secret_file`.",
             default_text: "none: `secret_file`"
      option :encrypted_secret_file, :path,
             "File with user and password, encrypted by GitLab.",
             default_text: "encrypted_settings/incoming_email.yaml.enc, encrypted_settings/service_desk_email.yaml.enc"
    end
  end
end
