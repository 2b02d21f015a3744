# frozen_string_literal: true

require_relative "../option_table"

module MailRoom
  module OptionTables
    SENTINEL = OptionTable.new(
      :sentinel,
      title: "A Sentinel", scope: "sentinels",
      about: "An entry of `sentinels`."
    ) do
      option :host, :text,
             "Host name or address.",
             required: true
      option :port, :integer,
             "TCP port.",
             range: 1..65_535, default: 26_379
      option :ssl, :boolean,
             "Whether the connection uses TLS.",
             default: false, native: nil
      option :ssl_params, :options,
             "See {tls}.",
             table: :tls, default: {}, native: nil
      option :username, :text,
             "The login, the same for all Sentinels. `sentinel_username` beside the list is the other way to give it.",
             native: nil
      option :password, :text,
             "The password of `username`.",
             secret: true, native: nil
    end

    REDIS = OptionTable.new(
      :redis,
      title: "Redis options", scope: "options of Redis",
      about: "The address of a Redis server, or of the Sentinels that know it. The sidekiq delivery and the redis arbitration " \
             "have these options in their own mappings."
    ) do
      option :redis_url, :text,
             "The server: `redis://[[user:]password@]host[:port][/db]`, `rediss://...` for TLS, `unix:/path` or " \
             "`unix:///path`. With Sentinels `redis://:password@master-name/`.",
             default: "redis://localhost:6379", native: nil, value_text: "URL"
      option :redis_ssl_params, :any,
             "See {tls}.",
             table: :tls, native: nil, value_text: "mapping"
      option :namespace, :text,
             "Prefix of the keys. Deprecated.",
             shown: true
      option :sentinels, :any,
             "The Sentinels, see {sentinel}.",
             table: :sentinel, native: nil, value_text: "list of mappings"
      option :sentinel_username, :text,
             "The login at the Sentinels.",
             native: nil
      option :sentinel_password, :string,
             "The password of `sentinel_username`.",
             secret: true, native: nil
    end
  end
end
