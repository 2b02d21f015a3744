# frozen_string_literal: true

require_relative "../option_table"

module MailRoom
  module OptionTables
    AUTH = OptionTable.new(
      :auth,
      title: "Auth options", scope: "auth",
      about: "`auth` of a mailbox: an IMAP login with an OAuth 2.0 token and not with a password. The token has exactly one " \
             "source: a program, a file, or an authorization server (all options from `tenant_id` on)."
    ) do
      option :mechanism, :choice,
             "The SASL mechanism.",
             values: %w[xoauth2 oauthbearer], ignore_case: true, default: "xoauth2"
      option :token_command, :command,
             "A program that writes a token to its standard output within 30 seconds. It runs for each login, without a " \
             "shell.",
             secret: true, native: nil
      option :token_file, :path,
             "A file that holds a token. It is read for each login.",
             native: nil, format: [/./m, "must be a path"]
      option :tenant_id, :text,
             "Microsoft's tenant. It sets the defaults of `token_url` and `scope`.",
             format: [/\A[A-Za-z0-9._-]+\z/, "must be a tenant's id or domain"], native: nil
      option :token_url, :text,
             "The authorization server's token endpoint, `https`.",
             value_text: "URL", native: nil, default_text: "Microsoft's with `tenant_id`, else (required)"
      option :client_id, :text,
             "The id of the application.",
             native: "grant.client_id", default_text: "(required)"
      option :client_secret, :text,
             "The application's secret. Required without `refresh_token`.",
             secret: true, native: "grant.client_secret"
      option :scope, :text,
             "What the token is for.",
             native: nil, default_text: "IMAP at Office 365 with `tenant_id`, else none"
      option :refresh_token, :text,
             "What a person has granted the application. Without it, the application logs in as itself.",
             secret: true, native: "grant.refresh_token"
      option :ssl, :options,
             "See {tls}: the connection to the authorization server.",
             table: :tls, default: {}, native: nil
    end
  end
end
