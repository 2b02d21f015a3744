# frozen_string_literal: true

require_relative "../option_table"

module MailRoom
  module OptionTables
    # A certificate or key given as text would end up in the log: errors about a file quote its path.
    PEM_PATH = [->(path) { !path.match?(/-----BEGIN|[\r\n\0]/) }, "must be the path of a PEM file, not its content"].freeze

    TLS = OptionTable.new(
      :tls,
      title: "TLS options", scope: "TLS options", strict: true,
      about: "The options of TLS, named as in Ruby's OpenSSL. They are the keys of `ssl` of a mailbox, of `redis_ssl_params`, " \
             "of `ssl_params` of a Sentinel, and of every other `ssl` mapping. A key that is not in this table is an error: a " \
             "security option is never ignored."
    ) do
      option :verify_mode, :verify_mode,
             "Whether the server's certificate is verified: every mode but `none` verifies it.",
             default: true, native: "verify", value_text: "none, peer, client_once, fail_if_no_peer_cert, or OpenSSL's number",
             default_text: "peer"
      option :verify_hostname, :boolean,
             "Whether a verified certificate must also name the host.",
             default: true
      option :ca_file, :path,
             "PEM file with certificate authorities to trust in place of the system's. A certificate in it that is no " \
             "authority is trusted for itself only.",
             format: PEM_PATH, default_text: "the system's authorities"
      option :ca_path, :path,
             "Folder of such PEM files.",
             format: PEM_PATH
      option :cert, :path,
             "PEM file with the client certificate. Requires `key`.",
             format: PEM_PATH
      option :key, :path,
             "PEM file with the private key of `cert`.",
             format: PEM_PATH
      option :min_version, :tls_version,
             "The lowest version of TLS. `TLSv1.2`, `1.2` and OpenSSL's number are understood, too.",
             default_text: "TLS1_2"
      option :max_version, :tls_version,
             "The highest version of TLS.",
             default_text: "TLS1_3"
    end
  end
end
