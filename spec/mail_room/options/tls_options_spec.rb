# frozen_string_literal: true

require "openssl"

RSpec.describe MailRoom::TlsOptions do
  def native(**options) = described_class.to_native(options, where: "ssl of Mailbox")

  it "verifies unless told otherwise" do
    expect(native).to eq({ "verify" => true, "verify_hostname" => true, "ca_file" => nil, "ca_path" => nil, "cert" => nil, "key" => nil,
                           "min_version" => nil, "max_version" => nil })
    expect(native(verify_hostname: "false")).to include("verify" => true, "verify_hostname" => false)
  end

  it "takes every verify_mode of OpenSSL, by name and by number" do
    names = { none: false, peer: true, client_once: true, fail_if_no_peer_cert: true }
    expect(names.keys.to_h { |mode| [mode, native(verify_mode: mode)["verify"]] }).to eq(names)
    expect(names.keys.to_h { |mode| [mode, native(verify_mode: mode.to_s)["verify"]] }).to eq(names)
    expect(native(verify_mode: OpenSSL::SSL::VERIFY_NONE)["verify"]).to be(false)
    expect(native(verify_mode: OpenSSL::SSL::VERIFY_PEER)["verify"]).to be(true)
    expect(described_class::VERIFY_MODES.values).to eq(
      [OpenSSL::SSL::VERIFY_NONE, OpenSSL::SSL::VERIFY_PEER, OpenSSL::SSL::VERIFY_FAIL_IF_NO_PEER_CERT, OpenSSL::SSL::VERIFY_CLIENT_ONCE]
    )
  end

  it "takes every spelling of a version" do
    spellings = ["TLS1_2", "TLS1_2".to_sym, "TLSv1.2", "TLSv1_2", "1.2", 1.2, OpenSSL::SSL::TLS1_2_VERSION, "TLS1_2_VERSION"] # rubocop:disable Lint/SymbolConversion
    expect(spellings.map { |spelling| native(min_version: spelling)["min_version"] }).to all(eq("1.2"))
    expect(native(max_version: "TLSv1.3")["max_version"]).to eq("1.3")
  end

  it "passes files on" do
    expect(native(ca_file: "/ca.pem", ca_path: "/certs", cert: "/cert.pem", key: "/key.pem"))
      .to include("ca_file" => "/ca.pem", "ca_path" => "/certs", "cert" => "/cert.pem", "key" => "/key.pem")
  end

  {
    { verify_mode: "sometimes" } => /:verify_mode in ssl of Mailbox must be one of none, peer/,
    { verify_mode: nil } => /:verify_mode .* must be one of/,
    { verify_mode: 8 } => /:verify_mode .* must be one of/,
    { verify_hostname: "maybe" } => /:verify_hostname .* must be true or false/,
    { min_version: "TLS1_1" } => /:min_version .* older versions/,
    { min_version: "SSLv3" } => /:min_version .* older versions/,
    { max_version: OpenSSL::SSL::TLS1_VERSION } => /:max_version .* older versions/,
    { min_version: "TLS1_3", max_version: "TLS1_2" } => /:max_version .* is below min_version/,
    { ciphers: "ALL" } => /:ciphers .* is not supported/,
    { ssl_version: "TLSv1_2" } => /:ssl_version .* is not supported/,
    { ca_flie: "/x" } => /:ca_flie .* is not supported \(did you mean :ca_file\?\)/,
    { cert: "/cert.pem" } => /:key .* is required/,
    { key: "/key.pem" } => /:cert .* is required/,
    { ca_file: 1.5 } => /:ca_file .* must be a string/
  }.each do |options, message|
    it "refuses #{options} and names the key" do
      expect { native(**options) }.to raise_error(MailRoom::ConfigurationError, message)
    end
  end

  it "refuses a key in place of its file, and does not show it" do
    key = OpenSSL::PKey::EC.generate("prime256v1").to_pem
    expect { native(cert: "/cert.pem", key: key) }.to raise_error(MailRoom::ConfigurationError) { |error|
      expect(error.message).to include(":key", "path of a PEM file")
      expect(error.message).not_to include(key[40, 20])
    }
  end
end
