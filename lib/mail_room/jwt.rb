# frozen_string_literal: true

require_relative "errors"
require_relative "native"

module MailRoom
  # A JSON Web Token (RFC 7519) that shows an app's HTTP endpoint who is posting: signed, with a nonce, the time of issue
  # and the issuer in its payload. The receiver verifies it.
  class JWT
    DEFAULT_ISSUER = "mailroom"
    DEFAULT_ALGORITHM = "HS256"
    THUMBPRINT = "thumbprint"
    private_constant :THUMBPRINT
    # RFC 7518 section 3.1
    ALGORITHMS = %w[HS256 HS384 HS512 RS256 ES256].freeze

    # @return [String, nil] name of the HTTP header that carries the token
    attr_reader :header
    # @return [String, nil] path of the file with the secret: Base64 for HS…, a PEM file with the private key for RS256 and ES256
    attr_reader :secret_path
    # @return [String] default `mailroom`
    attr_reader :issuer
    # @return [String] one of {ALGORITHMS}, default `HS256`
    attr_reader :algorithm
    # @return [String, nil] the token's `kid` (RFC 7515 section 4.1.4)
    attr_reader :key_id

    # @return [Integer, nil] seconds until the token expires (RFC 7519 section 4.1.4)
    attr_reader :expires_in

    # @param key_id [String, nil] `thumbprint` stands for the key's thumbprint (RFC 7638)
    def initialize(header:, secret_path:, issuer:, algorithm:, key_id: nil, expires_in: nil)
      @header = header
      @secret_path = secret_path
      @issuer = issuer || DEFAULT_ISSUER
      @algorithm = algorithm || DEFAULT_ALGORITHM
      @key_id = key_id
      @expires_in = expires_in
    end

    # @return [Boolean] whether all options of a token are set
    def valid?
      [header, secret_path, issuer, algorithm].none?(&:nil?)
    end

    # Reads the secret at each call, so that it can be rotated.
    #
    # @return [String, nil] a new token, or nil unless {#valid?}
    # @raise [ConfigurationError] if the secret cannot be read or used, or for an algorithm that is none of {ALGORITHMS}
    def token
      Native.jwt(to_native) if valid?
    end

    # @api private
    # @return [Hash{String=>Object}] for the native library
    # @raise [ConfigurationError]
    def to_native
      unless ALGORITHMS.include?(algorithm.to_s)
        raise ConfigurationError, "jwt_algorithm must be one of #{ALGORITHMS.join(", ")}, not #{algorithm.inspect}"
      end

      { "header" => header.to_s, "secret_path" => secret_path.to_s, "issuer" => issuer.to_s, "algorithm" => algorithm.to_s,
        **native_key_id, "expires_in" => expires_in }
    end

    private

    def native_key_id
      return { "key_id" => key_id&.to_s } unless key_id.to_s == THUMBPRINT
      return { "key_thumbprint" => true } unless algorithm.to_s.start_with?("HS")

      raise ConfigurationError, "jwt_key_id: thumbprint needs RS256 or ES256: the secret of #{algorithm} has no public key"
    end
  end
end
