# frozen_string_literal: true

require "tmpdir"
require_relative "certificates"
require_relative "resp"
require_relative "private_server"
require_relative "server_process"

# A private Redis Sentinel that watches one TestRedis.
#
#   sentinel = TestSentinel.new(redis, name: "gitlab-redis", password: "secret").start
#   sentinel.address       # => { host: "127.0.0.1", port: 26379 }, as the configuration wants it
class TestSentinel
  include PrivateServer

  attr_reader :dir, :port, :name, :password, :username, :certificates

  # @param redis [TestRedis] the master
  # @param tls [Boolean] listen for TLS only; then it is the TLS port of the master that it names
  def initialize(redis, name: "mymaster", password: nil, username: nil, tls: false)
    @redis = redis
    @name = name
    @password = password
    @username = username
    @tls = tls
    @dir = Dir.mktmpdir("sentinel")
    @port = ServerProcess.free_port
    @certificates = redis.certificates || Certificates.new(File.join(@dir, "certificates")) if tls
    @process = ServerProcess.new(["redis-sentinel", File.join(@dir, "sentinel.conf")], out: File.join(@dir, "sentinel.log"))
  end

  def start
    File.write(File.join(@dir, "sentinel.conf"), settings.map { |line| "#{line}\n" }.join)
    @process.start
    @process.await("Sentinel to know its master") { knows_master? }
    self
  end

  def host = "127.0.0.1"

  def address = { host: host, port: port }

  # What the URL of the configuration names: the master, not a host.
  def url
    secret = @redis.password ? "#{@redis.username}:#{@redis.password}@" : ""
    "#{@tls ? "rediss" : "redis"}://#{secret}#{name}/"
  end

  def call(*command)
    client = Resp.new(host: host, port: port, username: username, password: password, tls: @tls ? { ca_file: certificates.ca_file } : nil)
    client.call(*command)
  ensure
    client&.close
  end

  private

  # It answers at once with the address it was told, but calls the master down until it reached it.
  def knows_master?
    state = call("SENTINEL", "MASTER", name).each_slice(2).to_h
    state.fetch("flags") == "master" && state.fetch("last-ok-ping-reply").to_i < 5_000
  rescue SystemCallError, EOFError, Resp::Error, OpenSSL::SSL::SSLError
    false
  end

  def master_port = @tls ? @redis.tls_port : @redis.port

  def settings
    lines = ["bind #{host}", "dir #{@dir}", "daemonize no", "sentinel monitor #{name} #{@redis.host} #{master_port} 1",
             "sentinel down-after-milliseconds #{name} 1000", "sentinel failover-timeout #{name} 5000"]
    lines << "sentinel auth-user #{name} #{@redis.username}" if @redis.username
    lines << "sentinel auth-pass #{name} #{@redis.password}" if @redis.password
    lines.concat(secrets).concat(@tls ? tls_settings : ["port #{port}"])
  end

  def secrets
    return [] unless password

    username ? ["user #{username} on >#{password} ~* &* +@all", "user default off"] : ["requirepass #{password}"]
  end

  def tls_settings
    pair = certificates.server
    ["port 0", "tls-port #{port}", "tls-replication yes", "tls-auth-clients no", "tls-cert-file #{pair.cert_file}",
     "tls-key-file #{pair.key_file}", "tls-ca-cert-file #{certificates.ca_file}"]
  end
end
