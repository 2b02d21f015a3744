# frozen_string_literal: true

require "base64"
require "json"
require "monitor"
require "openssl"
require "securerandom"
require "time"
require "uri"
require_relative "http_server"

# Microsoft Graph and Entra's token endpoint, as far as one mailbox goes, over plain HTTP on the loopback.
#
#   server = GraphServer.new(page: 10).start
#   id = server.add("Subject: x\r\n\r\n")
#   server.unread # => [] once it was delivered
#
# Strict where Graph is: what is asked for in another way than Graph wants it is answered with 400, more than four requests
# at a time (a batch counts as four) with 429.
class GraphServer
  Mail = Struct.new(:id, :body, :received, :read, :flagged, :folder, :changed)
  Folder = Struct.new(:id, :name, :parent)
  # What a request was, with how many others it was on its way, and its place among all of its kind.
  Asked = Struct.new(:kind, :id, :number, :request)

  FILTER = "receivedDateTime ge 1900-01-01T00:00:00Z and isRead eq false"
  THROTTLED = 4
  EMAIL = "in@example.com"
  SECRET = "hidden-secret&="

  attr_reader :most_in_flight, :asked, :folders
  attr_accessor :lifetime, :page, :chunked, :sizes

  # @param latency [Numeric] seconds that each request takes
  # @param page [Integer] messages on a page, whatever is asked for
  # @param lifetime [Integer] seconds that a token is good for
  # @param sizes [Boolean] whether sizes are told
  # @param certificate [OpenSSL::X509::Certificate, nil] wanted in place of the secret
  def initialize(latency: 0, page: 10, lifetime: 3600, sizes: true, certificate: nil, port: ServerProcess.free_port)
    @latency = latency
    @page = page
    @lifetime = lifetime
    @sizes = sizes
    @certificate = certificate
    @lock = Monitor.new
    @mails = {}
    @order = []
    @folders = { "inbox" => Folder.new("inbox", "Posteingang", nil) }
    @tokens = {}
    @in_flight = @most_in_flight = @token = @change = 0
    @asked = []
    @counts = Hash.new(0)
    @http = HttpServer.new(port: port) { |request| serve(request) }
  end

  def url = @http.url

  def start
    @http.start
    self
  end

  def stop = @http.stop

  # @yieldparam asked [Asked] every request
  # @yieldreturn [Array, Symbol, nil] the answer in place of the usual one
  def fault(&fault)
    @fault = fault
  end

  # Called when a page was put together, with its number from 1 on.
  def on_page(&on_page)
    @on_page = on_page
  end

  # @return [String] the id of the new mail
  def add(body, folder: "inbox", id: "AAMkA#{SecureRandom.urlsafe_base64(60)}=")
    @lock.synchronize do
      @mails[id] = Mail.new(id, body, Time.at(1_700_000_000 + @order.size), false, false, folder, @change += 1)
      @order << id
      id
    end
  end

  def folder(name, parent = nil)
    @lock.synchronize do
      id = "AQMk#{SecureRandom.urlsafe_base64(20)}="
      @folders[id] = Folder.new(id, name, parent)
      id
    end
  end

  def mail(id) = @lock.synchronize { @mails[id] }

  def mails(folder = "inbox") = @lock.synchronize { @order.filter_map { |id| @mails[id] }.select { |mail| mail.folder == folder } }

  def unread(folder = "inbox") = mails(folder).reject(&:read)

  def touch(id)
    @lock.synchronize do
      yield @mails[id] if block_given?
      @mails[id]&.changed = @change += 1
    end
  end

  # Somebody else takes it away.
  def take(id) = @lock.synchronize { @mails.delete(id) }

  # No token that was given is good any more.
  def revoke = @lock.synchronize { @tokens.clear }

  # How many of a kind were asked for: :token, :list, :value, :patch, :delete, :move, :batch, :folder, :delta.
  def count(kind) = @lock.synchronize { @counts[kind] }

  private

  def serve(request)
    path, query = request.path.split("?", 2)
    segments = path.split("/").drop(1).map { |segment| decoded(segment) }
    query = URI.decode_www_form(query.to_s).to_h
    kind, id = kind_of(request.verb, segments)
    asked = @lock.synchronize { note(kind, id, request) }
    return token(request.body) if kind == :token

    weight = kind == :batch ? THROTTLED : 1
    within(weight) do |in_flight|
      sleep(@latency) if @latency.positive?
      fault = @fault&.call(asked)
      next fault if fault
      next failure(401, "InvalidAuthenticationToken", "hidden-words of a token") unless authorized?(request)
      next failure(429, "ApplicationThrottled", "MailboxConcurrency", "Retry-After" => "1") if in_flight > THROTTLED

      answer(kind, id, query, request, segments)
    end
  end

  def decoded(segment) = segment.gsub(/%(\h\h)/) { Regexp.last_match(1).hex.chr }.force_encoding(Encoding::UTF_8)

  def note(kind, id, request)
    asked = Asked.new(kind, id, @counts[kind] += 1, request)
    @asked << asked
    asked
  end

  def within(weight)
    in_flight = @lock.synchronize do
      @in_flight += weight
      @most_in_flight = [@most_in_flight, @in_flight].max
      @in_flight
    end
    yield in_flight
  ensure
    @lock.synchronize { @in_flight -= weight }
  end

  def kind_of(verb, segments)
    return [:token, nil] if segments.last(3) == %w[oauth2 v2.0 token]
    return [:batch, nil] if segments == ["v1.0", "$batch"]
    return [:nothing, nil] unless segments[0..2] == ["v1.0", "users", EMAIL]

    case [verb, *segments.drop(3)]
    in ["GET", "mailFolders", id, "messages"] then [:list, id]
    in ["GET", "mailFolders", id, "messages", "delta"] then [:delta, id]
    in ["GET", "messages", id, "$value"] then [:value, id]
    in ["PATCH", "messages", id] then [:patch, id]
    in ["DELETE", "messages", id] then [:delete, id]
    in ["POST", "messages", id, "move"] then [:move, id]
    in [_, "mailFolders", *] then [:folder, nil]
    else [:nothing, nil]
    end
  end

  def authorized?(request)
    @lock.synchronize do
      ends = @tokens[request.headers["authorization"].to_s.delete_prefix("Bearer ")]
      !ends.nil? && ends > now
    end
  end

  def now = Process.clock_gettime(Process::CLOCK_MONOTONIC)

  def token(body)
    form = URI.decode_www_form(body).to_h
    fault = @fault&.call(@lock.synchronize { @asked.reverse.find { |asked| asked.kind == :token } })
    return fault if fault

    wanted = { "grant_type" => "client_credentials", "client_id" => "client", "scope" => "#{url}/.default" }
    unless form.slice(*wanted.keys) == wanted && (@certificate ? assertion?(form) : form["client_secret"] == SECRET)
      return json(401, { error: "invalid_client",
                         error_description: "AADSTS7000215: Invalid client secret \e#{form["client_secret"]} provided.\r\nTrace ID: 1" })
    end

    @lock.synchronize do
      token = "hidden-token-#{@token += 1}"
      @tokens[token] = now + @lifetime
      json(200, { token_type: "Bearer", expires_in: @lifetime, access_token: token })
    end
  end

  def assertion?(form)
    head, claims, signature = form["client_assertion"].to_s.split(".").map { |part| Base64.urlsafe_decode64(part) }
    head = JSON.parse(head)
    claims = JSON.parse(claims)
    thumbprint = Base64.urlsafe_encode64(OpenSSL::Digest::SHA256.digest(@certificate.to_der), padding: false)
    signed = form["client_assertion"].rpartition(".").first
    head == { "alg" => "PS256", "typ" => "JWT", "x5t#S256" => thumbprint } &&
      form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" &&
      claims.slice("iss", "sub", "aud") == { "iss" => "client", "sub" => "client", "aud" => "#{url}/tenant/oauth2/v2.0/token" } &&
      (claims["nbf"]..claims["exp"]).cover?(Time.now.to_i) &&
      @certificate.public_key.verify_pss("SHA256", signature, signed, salt_length: :digest, mgf1_hash: "SHA256")
  end

  def answer(kind, id, query, request, segments)
    case kind
    when :list then list(id, query)
    when :delta then delta(id, query)
    when :value then value(id)
    when :batch then batch(JSON.parse(request.body)["requests"])
    when :folder then folder_request(request, segments.drop(4), query)
    when :nothing then failure(400, "BadRequest", "Resource not found for the segment")
    else change(kind, id, request.body.empty? ? {} : JSON.parse(request.body))
    end
  end

  def list(id, query)
    folder = @lock.synchronize { @folders[id] } or return failure(404, "ErrorItemNotFound", "no such folder")
    size = query["$expand"] == "singleValueExtendedProperties($filter=id eq 'Integer 0x0E08')"
    wanted = { "$filter" => FILTER, "$orderby" => "receivedDateTime asc", "$select" => "id,receivedDateTime" }
    return failure(400, "ErrorInvalidProperty", "no sizes here") if query.key?("$expand") && !(size && @sizes)
    return failure(400, "InefficientFilter", "The restriction or sort order is too complex") unless query.slice(*wanted.keys) == wanted

    skip = query.fetch("$skip", 0).to_i
    all = unread(folder.id)
    page = all.drop(skip).first([@page, query["$top"].to_i].min)
    body = { value: page.map { |mail| listed(mail, size) } }
    body["@odata.nextLink"] = link("mailFolders/#{id}/messages", query.merge("$skip" => skip + page.size)) if skip + page.size < all.size
    @on_page&.call((skip / @page) + 1)
    json(200, body)
  end

  def listed(mail, size)
    shown = { "@odata.etag": "W/x", id: mail.id, receivedDateTime: mail.received.utc.iso8601 }
    shown[:singleValueExtendedProperties] = [{ id: "Integer 0xe08", value: mail.body.bytesize.to_s }] if size
    shown
  end

  def link(path, query) = "#{url}/v1.0/users/#{EMAIL}/#{path}?#{URI.encode_www_form(query)}"

  def delta(id, query)
    since = query["$deltatoken"]
    return failure(400, "BadRequest", "no filter") unless since || query["$filter"].to_s.match?(/\AreceivedDateTime ge \d{4}-\S+Z\z/)

    @lock.synchronize do
      changed = since ? mails(id).select { |mail| mail.changed > since.to_i } : []
      json(200, { value: changed.map { |mail| { id: mail.id, isRead: mail.read } },
                  "@odata.deltaLink" => link("mailFolders/#{id}/messages/delta", "$deltatoken" => @change) })
    end
  end

  def value(id)
    mail = mail(id) or return failure(404, "ErrorItemNotFound", "The specified object was not found in the store.")
    body = @chunked ? mail.body.unpack("a65536" * ((mail.body.bytesize / 65_536) + 1)) - [""] : mail.body
    [200, { "Content-Type" => "text/plain" }, body]
  end

  def change(kind, id, body)
    @lock.synchronize do
      mail = @mails[id] or return failure(404, "ErrorItemNotFound", "The specified object was not found in the store.")
      @change += 1
      case kind
      when :delete
        @mails.delete(id)
        return [204, {}, ""]
      when :move then return move(mail, body["destinationId"])
      when :patch
        mail.read = body["isRead"] if body.key?("isRead")
        mail.flagged = body.dig("flag", "flagStatus") == "flagged" if body.key?("flag")
      end
      mail.changed = @change
      # As Graph does it, whatever one prefers: the whole message.
      json(200, { id: id, isRead: mail.read, body: { content: "hidden-content" } })
    end
  end

  def move(mail, destination)
    return failure(404, "ErrorItemNotFound", "no such folder") unless @folders[destination]

    @mails.delete(mail.id)
    moved = mail.dup.tap { |copy| copy.id = "AAMkM#{SecureRandom.urlsafe_base64(60)}=" }
    moved.folder = destination
    @mails[moved.id] = moved
    @order << moved.id
    json(201, { id: moved.id })
  end

  def batch(requests)
    return failure(400, "BadRequest", "more than 20") if requests.size > 20

    statuses = {}
    responses = requests.map do |item|
      status, headers, body = inner(item, statuses)
      statuses[item["id"]] = status
      { id: item["id"], status: status, headers: headers, body: headers["Content-Type"] == "application/json" ? JSON.parse(body) : nil }
    end
    json(200, { responses: responses.shuffle })
  end

  def inner(item, statuses)
    before = item["dependsOn"].to_a
    return failure(429, "ApplicationThrottled", "not chained", "Retry-After" => "1") if statuses.any? && before.empty?
    return failure(424, "FailedDependency", "") unless before.all? { |id| (200..299).cover?(statuses[id]) }

    segments = item["url"].split("/").drop(1).map { |segment| decoded(segment) }
    kind, id = kind_of(item["method"], ["v1.0", *segments])
    asked = @lock.synchronize { note(kind, id, nil) }
    @fault&.call(asked) || change(kind, id, item["body"] || {})
  end

  def folder_request(request, segments, query)
    parent = segments[0] if segments[1] == "childFolders"
    @lock.synchronize do
      return create(JSON.parse(request.body)["displayName"], parent) if request.verb == "POST"

      name = query["$filter"].to_s[/\AdisplayName eq '(.*)'\z/, 1]&.gsub("''", "'")
      if name
        found = @folders.values.select { |folder| folder.name == name && folder.parent == parent }
        json(200, { value: found.map { |folder| { id: folder.id, displayName: folder.name } } })
      elsif (found = @folders[segments[0]])
        json(200, { id: found.id, displayName: found.name })
      else
        failure(400, "ErrorInvalidIdMalformed", "Id is malformed.")
      end
    end
  end

  def create(name, parent)
    return failure(409, "ErrorFolderExists", "exists") if @folders.values.any? { |folder| folder.name == name && folder.parent == parent }

    json(201, { id: folder(name, parent), displayName: name })
  end

  def json(status, body) = [status, { "Content-Type" => "application/json" }, JSON.generate(body)]

  def failure(status, code, message, headers = {})
    [status, { "Content-Type" => "application/json" }.merge(headers), JSON.generate({ error: { code: code, message: message } })]
  end
end
