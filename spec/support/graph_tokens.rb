# frozen_string_literal: true

require "base64"
require "json"
require "openssl"
require "uri"

# Entra's tokens, as far as one app goes: who gets one, and which is good.
class GraphTokens
  SECRET = "hidden-secret&="

  attr_accessor :lifetime

  # @param lifetime [Numeric] seconds that a token is good for
  # @param certificate [OpenSSL::X509::Certificate, nil] wanted in place of the secret
  # @param url [String] of both endpoints
  def initialize(lifetime, certificate, url)
    @lifetime = lifetime
    @certificate = certificate
    @url = url
    @lock = Mutex.new
    @ends = {}
    @given = 0
  end

  # @return [Array(Integer, Hash)] status and answer
  def give(body)
    form = URI.decode_www_form(body).to_h
    return [401, refusal(form["client_secret"])] unless app?(form)

    @lock.synchronize do
      token = "hidden-token-#{@given += 1}"
      @ends[token] = now + @lifetime
      [200, { token_type: "Bearer", expires_in: @lifetime, access_token: token }]
    end
  end

  def good?(authorization)
    @lock.synchronize { @ends.fetch(authorization.to_s.delete_prefix("Bearer "), 0) > now }
  end

  # No token that was given is good any more.
  def revoke = @lock.synchronize { @ends.clear }

  private

  def now = Process.clock_gettime(Process::CLOCK_MONOTONIC)

  def refusal(secret)
    { error: "invalid_client", error_description: "AADSTS7000215: Invalid client secret \e#{secret} provided.\r\nTrace ID: 1" }
  end

  def app?(form)
    wanted = { "grant_type" => "client_credentials", "client_id" => "client", "scope" => "#{@url}/.default" }
    form.slice(*wanted.keys) == wanted && (@certificate ? assertion?(form) : form["client_secret"] == SECRET)
  end

  # RFC 7523, as Entra wants it.
  def assertion?(form)
    signed, _dot, signature = form["client_assertion"].to_s.rpartition(".")
    head, claims = signed.split(".").map { |part| JSON.parse(Base64.urlsafe_decode64(part)) }
    thumbprint = Base64.urlsafe_encode64(OpenSSL::Digest::SHA256.digest(@certificate.to_der), padding: false)
    head == { "alg" => "PS256", "typ" => "JWT", "x5t#S256" => thumbprint } &&
      form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" &&
      claims.slice("iss", "sub", "aud") == { "iss" => "client", "sub" => "client", "aud" => "#{@url}/tenant/oauth2/v2.0/token" } &&
      (claims["nbf"]..claims["exp"]).cover?(Time.now.to_i) && signed?(signed, Base64.urlsafe_decode64(signature))
  end

  def signed?(text, signature)
    @certificate.public_key.verify_pss("SHA256", signature, text, salt_length: :digest, mgf1_hash: "SHA256")
  end
end
