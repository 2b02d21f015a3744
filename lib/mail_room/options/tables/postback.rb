# frozen_string_literal: true

require_relative "http_request"
require_relative "tls"

module MailRoom
  module OptionTables
    POSTBACK = OptionTable.new(
      :postback,
      title: "delivery_options: postback", scope: "delivery_options", beside: TLS,
      chosen_by: { delivery_method: "postback" },
      about: "Posts each message to an HTTP endpoint. Only a 2xx response counts as delivered."
    ) do
      option :url, :string,
             "The endpoint, `http` or `https`. May also be an option of the mailbox, `delivery_url`.",
             names: %i[delivery_url url], value_text: "URL", default_text: "(required)"
      option :token, :string,
             "Sent as `Authorization: Token <token>`. May also be an option of the mailbox, `delivery_token`.",
             names: %i[delivery_token token], secret: true
      option :username, :string,
             "The user of Basic authentication, which is used if there is no token.",
             names: %i[username delivery_username]
      option :password, :string,
             "The password of `username`.",
             names: %i[password delivery_password], secret: true
      option :content_type, :string,
             "The media type of the request. May also be an option of the mailbox.",
             shown: true, native: nil, default_text: "application/x-www-form-urlencoded"
      option :jwt_auth_header, :string,
             "The header that carries a JSON Web Token, in addition to the authentication above.",
             part_of: :jwt, native: nil
      option :jwt_secret_path, :path,
             "File with the token's secret: Base64 for an HS algorithm, a PEM private key for RS256 and ES256. It is read for " \
             "each request.",
             part_of: :jwt, native: nil
      option :jwt_issuer, :string,
             "The token's `iss`.",
             part_of: :jwt, native: nil, default_text: "mailroom"
      option :jwt_algorithm, :string,
             "How the token is signed: HS256, HS384, HS512, RS256 or ES256.",
             part_of: :jwt, native: nil, default_text: "HS256"
      option :jwt_key_id, :string,
             "The token's `kid`. `thumbprint` stands for the key's thumbprint (RFC 7638), with RS256 and ES256.",
             part_of: :jwt, native: nil
      option :jwt_expires_in, :integer,
             "How long a token is valid: the token's `exp`.",
             range: 1..86_400, unit: "seconds", part_of: :jwt, native: nil, default_text: "no `exp`"
      instance_exec(&HTTP_REQUEST)
    end
  end
end
