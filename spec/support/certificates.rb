# frozen_string_literal: true

require "fileutils"
require "openssl"

# A certificate authority of the specs' own and what it issues, as PEM files in one folder.
#
#   certificates = Certificates.new("/tmp/folder")
#   certificates.ca_file
#   certificates.server.cert_file        # localhost, 127.0.0.1, 127.0.0.2, ::1
#   certificates.expired, .wrong_host, .self_signed, .client
#   certificates.issue("name", names: ["DNS:mail.example.com"])
class Certificates
  Pair = Struct.new(:cert_file, :key_file) do
    # What a server needs.
    #
    # @return [OpenSSL::SSL::SSLContext]
    def context
      OpenSSL::SSL::SSLContext.new.tap { |tls| tls.add_certificate(certificate, OpenSSL::PKey.read(File.read(key_file))) }
    end

    # @return [OpenSSL::X509::Certificate]
    def certificate = OpenSSL::X509::Certificate.new(File.read(cert_file))
  end

  HERE = %w[DNS:localhost IP:127.0.0.1 IP:127.0.0.2 IP:::1].freeze
  DAY = 86_400

  attr_reader :dir

  def initialize(dir)
    @dir = dir
    FileUtils.mkdir_p(dir)
    @ca_key = new_key
    @ca = certificate("/CN=mail_room specs CA", @ca_key)
    extend_with(@ca, @ca, "basicConstraints" => "CA:TRUE", "keyUsage" => "keyCertSign,cRLSign")
    @ca.sign(@ca_key, "SHA256")
    @pairs = {}
    write("ca.crt", @ca.to_pem)
  end

  def ca_file = path("ca.crt")

  def server = issue("server", names: HERE)

  def expired = issue("expired", names: HERE, from: -20 * DAY, to: -10 * DAY)

  def wrong_host = issue("wrong-host", names: ["DNS:somewhere.else.example"])

  # No subjectAltName: the host is in the common name only, as in certificates that old appliances make themselves.
  def common_name_only = issue("common-name-only", subject: "/CN=localhost", names: [])

  def client = issue("client", subject: "/CN=mail_room", names: [], usage: "clientAuth")

  # Signed by itself, not by the CA.
  def self_signed = issue("self-signed", names: HERE, issuer: :self)

  # @param names [Array<String>] subjectAltName entries
  # @param from [Integer] start of validity, in seconds from now; `to` its end
  # @return [Pair] its files
  def issue(name, names:, subject: "/CN=#{name}", from: -DAY, to: 365 * DAY, usage: "serverAuth", issuer: :ca)
    @pairs[name] ||= begin
      key = new_key
      cert = certificate(subject, key, from: from, to: to)
      extensions = { "basicConstraints" => "CA:FALSE", "extendedKeyUsage" => usage }
      extensions["subjectAltName"] = names.join(",") unless names.empty?
      extend_with(cert, issuer == :ca ? @ca : cert, extensions)
      cert.issuer = @ca.subject if issuer == :ca
      cert.sign(issuer == :ca ? @ca_key : key, "SHA256")
      Pair.new(write("#{name}.crt", cert.to_pem), write("#{name}.key", key.private_to_pem))
    end
  end

  private

  # Elliptic: made in a millisecond, where RSA takes a tenth of a second.
  def new_key = OpenSSL::PKey::EC.generate("prime256v1")

  def certificate(subject, key, from: -DAY, to: 365 * DAY)
    cert = OpenSSL::X509::Certificate.new
    cert.version = 2
    cert.serial = OpenSSL::BN.rand(64)
    cert.subject = cert.issuer = OpenSSL::X509::Name.parse(subject)
    cert.public_key = key
    cert.not_before = Time.now + from
    cert.not_after = Time.now + to
    cert
  end

  def extend_with(cert, issuer, extensions)
    factory = OpenSSL::X509::ExtensionFactory.new(issuer, cert)
    critical = %w[basicConstraints keyUsage]
    extensions.each { |name, value| cert.add_extension(factory.create_extension(name, value, critical.include?(name))) }
  end

  def write(name, pem)
    File.write(path(name), pem)
    path(name)
  end

  def path(name) = File.join(dir, name)
end
