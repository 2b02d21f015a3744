# frozen_string_literal: true

require "json"
require "uri"
require_relative "http_server"

# Issues tokens (RFC 6749), tells a mail server what they are worth (RFC 7662), and revokes them.
class AuthorizationServer
  attr_accessor :life, :answer

  def initialize(user)
    @user = user
    @life = 3600
    @lock = Mutex.new
    @valid = []
    @http = HttpServer.new { |request| request.path == "/introspect" ? introspect(request) : issue(request) }.start
  end

  def token_url = "#{@http.url}/token"

  def introspection_url = "#{@http.url}/introspect"

  def issue_token = @lock.synchronize { (@valid << "ya29.t0ken-#{@valid.size + 1}").last }

  def revoke_all = @lock.synchronize { @valid.map! { nil } }

  # What was asked for: forms.
  def asked = of("/token")

  # Tokens that a mail server was shown.
  def shown = of("/introspect").map { |form| form["token"] }

  def stop = @http.stop

  private

  def of(path) = @http.requests.select { |request| request.path == path }.map { |request| URI.decode_www_form(request.body).to_h }

  def introspect(request)
    token = URI.decode_www_form(request.body).to_h["token"]
    [200, {}, JSON.generate(active: @lock.synchronize { @valid.include?(token) }, email: @user)]
  end

  def issue(_request)
    answer || [200, { "Content-Type" => "application/json" },
               JSON.generate(access_token: issue_token, token_type: "Bearer", expires_in: life)]
  end
end
