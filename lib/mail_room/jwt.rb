# frozen_string_literal: true

require "json"
require "openssl"
require "securerandom"
require "mail_room/errors"

module MailRoom
  # A JSON Web Token (RFC 7519) that shows an app's HTTP endpoint who is posting: signed with HMAC, with a nonce, the
  # time of issue and the issuer in its payload. Only issues tokens; whoever receives them verifies.
  class JWT
    DEFAULT_ISSUER = "mailroom"
    DEFAULT_ALGORITHM = "HS256"

    # @return [String, nil] name of the HTTP header that carries the token
    attr_reader :header
    # @return [String, nil] path of the file with the secret, Base64-encoded
    attr_reader :secret_path
    # @return [String] default `mailroom`
    attr_reader :issuer
    # @return [String] `HS256`, the default and the only one
    attr_reader :algorithm

    def initialize(header:, secret_path:, issuer:, algorithm:)
      @header = header
      @secret_path = secret_path
      @issuer = issuer || DEFAULT_ISSUER
      @algorithm = algorithm || DEFAULT_ALGORITHM
    end

    # @return [Boolean] whether everything is there that a token needs
    def valid?
      [header, secret_path, issuer, algorithm].none?(&:nil?)
    end

    # Reads the secret anew at each call: it may be rotated while we run.
    #
    # @return [String, nil] a new token, or nil unless {#valid?}
    # @raise [ConfigurationError] if the secret cannot be read or is no Base64, or for another algorithm than HS256
    def token
      return unless valid?
      raise ConfigurationError, "jwt_algorithm must be #{DEFAULT_ALGORITHM}" unless algorithm == DEFAULT_ALGORITHM

      unsigned = [{ alg: algorithm }, payload].map { |part| encode(JSON.generate(part)) }.join(".")
      "#{unsigned}.#{encode(OpenSSL::HMAC.digest("SHA256", secret, unsigned))}"
    end

    private

    def payload
      { nonce: SecureRandom.hex(12), iat: Time.now.to_i, iss: issuer }
    end

    def secret
      File.read(secret_path).chomp.unpack1("m0")
    rescue SystemCallError => e
      raise ConfigurationError, "jwt_secret_path #{secret_path} cannot be read: #{e.class.new.message}"
    rescue ArgumentError
      raise ConfigurationError, "jwt_secret_path must name a file with the secret in Base64", cause: nil
    end

    # Base64 for URLs without padding (RFC 7515 section 2)
    def encode(bytes)
      [bytes].pack("m0").tr("+/", "-_").delete("=")
    end
  end
end
