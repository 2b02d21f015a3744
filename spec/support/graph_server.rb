# frozen_string_literal: true

require "forwardable"
require "json"
require "monitor"
require "uri"
require_relative "graph_mailbox"
require_relative "graph_tokens"
require_relative "http_server"

# Microsoft Graph and Entra's token endpoint, as far as one mailbox goes, on the loopback.
#
#   server = GraphServer.new(page: 10).start
#   id = server.add("Subject: x\r\n\r\n")
#   server.unread # => [] once it was delivered
#
# Strict where Graph is: what is asked for in another way than Graph wants it is answered with 400, more than four requests
# at a time (a batch counts as four) with 429.
class GraphServer
  extend Forwardable

  # What a request was, and its place among all of its kind; `request` is nil inside of a batch.
  Asked = Struct.new(:kind, :id, :number, :request)

  FILTER = /\AreceivedDateTime ge (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ) and isRead eq false\z/
  SIZE = "singleValueExtendedProperties($filter=id eq 'Integer 0x0E08')"
  IN_FLIGHT = 4
  EMAIL = "in@example.com"
  # The id of the inbox, beside its well-known name.
  INBOX = "AQMkAInboxInboxInboxInboxInbox="
  SECRET = GraphTokens::SECRET

  attr_reader :most_in_flight, :asked
  attr_accessor :chunked, :sizes

  def_delegators :@mailbox, :add, :folder, :folders, :mails, :unread, :take, :remove_folder, :rename_folder, :forgetful=, :unread!
  def_delegators :@tokens, :lifetime=, :revoke

  # @param latency [Numeric] seconds that each request takes
  # @param page [Integer] messages on a page, whatever is asked for
  # @param lifetime [Integer] seconds that a token is good for
  # @param certificate [OpenSSL::X509::Certificate, nil] wanted in place of the secret
  # @param tls [OpenSSL::SSL::SSLContext, nil] HTTPS in place of HTTP
  def initialize(latency: 0, page: 10, lifetime: 3600, certificate: nil, tls: nil)
    @latency = latency
    @page = page
    @sizes = true
    @lock = Monitor.new
    @in_flight = @most_in_flight = 0
    @asked = []
    @counts = Hash.new(0)
    @http = HttpServer.new(tls: tls) { |request| serve(request) }
    @mailbox = GraphMailbox.new
    @tokens = GraphTokens.new(lifetime, certificate, url)
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

  # Called when a page was put together.
  def on_page(&on_page)
    @on_page = on_page
  end

  # Called with the link to the next page (nil after the last) and the query of this one.
  # @yieldreturn [String, nil] the link to give
  def on_link(&on_link)
    @on_link = on_link
  end

  # How many of a kind were asked for: :token, :list, :delta, :value, :patch, :delete, :move, :batch, :folder.
  def count(kind) = @lock.synchronize { @counts[kind] }

  private

  def serve(request)
    path, query = request.path.split("?", 2)
    segments = decoded(path)
    kind, id = kind_of(request.verb, segments)
    asked = note(kind, id, request)
    return @fault&.call(asked) || json(*@tokens.give(request.body)) if kind == :token

    within(kind == :batch ? IN_FLIGHT : 1) do |in_flight|
      sleep(@latency) if @latency.positive?
      @fault&.call(asked) || refusal(request, in_flight) ||
        answer(asked, URI.decode_www_form(query.to_s).to_h, segments.drop(4))
    end
  end

  def decoded(path)
    path.split("/").drop(1).map do |segment|
      by_name(segment.gsub(/%(\h\h)/) { Regexp.last_match(1).hex.chr }.force_encoding(Encoding::UTF_8))
    end
  end

  def note(kind, id, request)
    @lock.synchronize { Asked.new(kind, id, @counts[kind] += 1, request).tap { |asked| @asked << asked } }
  end

  def within(weight)
    in_flight = @lock.synchronize do
      @most_in_flight = [@most_in_flight, @in_flight += weight].max
      @in_flight
    end
    yield in_flight
  ensure
    @lock.synchronize { @in_flight -= weight }
  end

  def refusal(request, in_flight)
    return failure(401, "InvalidAuthenticationToken", "not good") unless @tokens.good?(request.headers["authorization"])

    failure(429, "ApplicationThrottled", "MailboxConcurrency", "Retry-After" => "1") if in_flight > IN_FLIGHT
  end

  def kind_of(verb, segments)
    return [:token, nil] if segments == %w[tenant oauth2 v2.0 token]
    return [:batch, nil] if segments == %w[v1.0 $batch]
    return [:nothing, nil] unless segments[0..2] == ["v1.0", "users", EMAIL]

    case [verb, *segments.drop(3)]
    in ["GET", "mailFolders", id, "messages"] then [:list, id]
    in ["GET", "mailFolders", id, "messages", "delta"] then [:delta, id]
    in ["GET", "messages", id, "$value"] then [:value, id]
    in ["PATCH", "messages", id] then [:patch, id]
    in ["DELETE", "messages", id] then [:delete, id]
    in ["POST", "messages", id, "move"] then [:move, id]
    in ["GET" | "POST", "mailFolders", *] then [:folder, nil]
    else [:nothing, nil]
    end
  end

  def answer(asked, query, below)
    case asked.kind
    when :list then list(asked.id, query)
    when :delta then delta(asked.id, query)
    when :value then value(asked.id)
    when :batch then batch(JSON.parse(asked.request.body)["requests"])
    when :folder then asked.request.verb == "POST" ? create(asked.request, below) : find(below, query)
    when :nothing then failure(400, "BadRequest", "Resource not found for the segment")
    else change(asked.kind, asked.id, asked.request.body)
    end
  end

  def list(id, query)
    return missing unless folders.key?(id)
    return failure(400, "ErrorInvalidProperty", "no sizes here") unless [nil, (SIZE if @sizes)].include?(query["$expand"])

    return json(200, newest(id, query["$top"].to_i)) if query["$orderby"] == "receivedDateTime desc" && !query.key?("$filter")

    wanted = { "$orderby" => "receivedDateTime asc", "$select" => "id,receivedDateTime" }
    unless query.slice(*wanted.keys) == wanted && query["$filter"].to_s.match?(FILTER)
      return failure(400, "InefficientFilter", "The restriction or sort order is too complex")
    end

    json(200, page(id, query)).tap { @on_page&.call }
  end

  # The newest messages of a folder, whether they are read or not.
  def newest(id, most)
    newest = mails(id).sort_by(&:received).reverse.first(most)
    { value: newest.map { |mail| { id: mail.id, receivedDateTime: mail.received.utc.iso8601, isRead: mail.read } } }
  end

  def page(id, query)
    since = Time.iso8601(query["$filter"][FILTER, 1])
    all = unread(id).select { |mail| mail.received >= since }
    skip = query.fetch("$skip", 0).to_i
    shown = all.drop(skip).first([@page, query["$top"].to_i].min)
    more = skip + shown.size < all.size
    following = link("mailFolders/#{id}/messages", query.merge("$skip" => skip + shown.size)) if more
    following = @on_link.call(following, query) if @on_link
    { value: shown.map { |mail| listed(mail, query.key?("$expand")) }, "@odata.nextLink": following }.compact
  end

  def listed(mail, size)
    listed = { "@odata.etag": "W/x", id: mail.id, receivedDateTime: mail.received.utc.iso8601 }
    size ? listed.merge(singleValueExtendedProperties: [{ id: "Integer 0xe08", value: mail.body.bytesize.to_s }]) : listed
  end

  def link(path, query) = "#{url}/v1.0/users/#{EMAIL}/#{path}?#{URI.encode_www_form(query)}"

  def delta(id, query)
    since = query["$deltatoken"]
    return failure(400, "BadRequest", "no filter") unless since || query["$filter"].to_s.match?(/\AreceivedDateTime ge \d{4}-\S+Z\z/)

    changed, now = @mailbox.changes(id, since.to_i)
    json(200, { value: since ? changed.map { |mail| { id: mail.id, isRead: mail.read } } : [],
                "@odata.deltaLink" => link("mailFolders/#{id}/messages/delta", "$deltatoken" => now) })
  end

  def value(id)
    body = @mailbox.mail(id)&.body or return missing
    [200, { "Content-Type" => "text/plain" }, @chunked ? body.unpack("a65536" * ((body.bytesize / 65_536) + 1)) - [""] : body]
  end

  def change(kind, id, body)
    changes = body.to_s.empty? ? {} : JSON.parse(body)
    case kind
    when :delete then take(id) ? [204, {}, ""] : missing
    when :move then (moved = @mailbox.move(id, by_name(changes["destinationId"]))) ? json(201, { id: moved.id }) : missing
    # The whole message, as Graph does it, whatever one prefers.
    else @mailbox.patch(id, changes) ? json(200, { id: id, body: { content: "hidden-content" } }) : missing
    end
  end

  def batch(requests)
    return failure(400, "BadRequest", "more than 20") if requests.size > 20

    statuses = {}
    responses = requests.map do |item|
      status, headers, body = inner(item, statuses)
      statuses[item["id"]] = status
      { id: item["id"], status: status, headers: headers,
        body: headers["Content-Type"] == "application/json" && !body.empty? ? JSON.parse(body) : nil }
    end
    json(200, { responses: responses.shuffle })
  end

  def inner(item, statuses)
    before = item["dependsOn"].to_a
    return failure(429, "ApplicationThrottled", "not chained", "Retry-After" => "1") if statuses.any? && before.empty?
    return failure(424, "FailedDependency", "") unless before.all? { |id| (200..299).cover?(statuses[id]) }

    kind, id = kind_of(item["method"], ["v1.0", *decoded(item["url"])])
    asked = note(kind, id, nil)
    @fault&.call(asked) || change(kind, id, item["body"] && JSON.generate(item["body"]))
  end

  def find(below, query)
    id, children = below
    return json(200, { value: @mailbox.top.map { |folder| shown(folder) } }) unless id || query.key?("$filter")

    if (name = query["$filter"].to_s[/\AdisplayName eq '(.*)'\z/, 1])
      json(200, { value: @mailbox.named(name.gsub("''", "'"), (id if children)).map { |folder| shown(folder) } })
    else
      folders.key?(id) ? json(200, shown(folders[id])) : failure(400, "ErrorInvalidIdMalformed", "Id is malformed.")
    end
  end

  def create(request, below)
    name = JSON.parse(request.body)["displayName"]
    return failure(409, "ErrorFolderExists", "exists") if @mailbox.named(name, below.first).any?

    json(201, shown(folders[folder(name, below.first)]))
  end

  def shown(folder) = { id: folder.id == "inbox" ? INBOX : folder.id, displayName: folder.name }

  def by_name(id) = id == INBOX ? "inbox" : id

  def missing = failure(404, "ErrorItemNotFound", "The specified object was not found in the store.")

  def json(status, body) = [status, { "Content-Type" => "application/json" }, JSON.generate(body)]

  def failure(status, code, message, headers = {})
    [status, { "Content-Type" => "application/json" }.merge(headers), JSON.generate({ error: { code: code, message: message } })]
  end
end
