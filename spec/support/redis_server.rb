# frozen_string_literal: true

require "tmpdir"
require_relative "certificates"
require_relative "resp"
require_relative "private_server"
require_relative "server_process"

# A private Redis: a free port (kept over restarts), a unix socket, a temporary folder of its own.
#
#   redis = TestRedis.new(password: "secret", tls: true).start
#   redis.url, redis.unix_url, redis.tls_url
#   redis.call("LRANGE", "queue:default", 0, -1)
#   redis.stop; redis.start                        # the data survives with persistent: true, and after kill9 too
#   redis.remove
class TestRedis
  include PrivateServer

  attr_reader :dir, :port, :tls_port, :password, :username, :certificates

  # @param password [String, nil]
  # @param username [String, nil] an ACL user with that password, instead of the default user
  # @param tls [Boolean] also listen for TLS
  # @param client_certificates [Boolean] demand them
  # @param persistent [Boolean] every write is on disk before it is answered
  # @param replica_of [TestRedis, nil]
  # @param config [Hash] further lines of redis.conf
  def initialize(password: nil, username: nil, tls: false, client_certificates: false, persistent: false, replica_of: nil, config: {})
    @password = password
    @username = username
    @persistent = persistent
    @client_certificates = client_certificates
    @replica_of = replica_of
    @config = config
    @dir = Dir.mktmpdir("redis")
    @port = ServerProcess.free_port
    @tls_port = ServerProcess.free_port if tls
    @certificates = Certificates.new(File.join(@dir, "certificates")) if tls
    @process = ServerProcess.new(["redis-server", File.join(@dir, "redis.conf")], out: File.join(@dir, "redis.log"))
  end

  def start
    File.write(File.join(@dir, "redis.conf"), settings.map { |name, value| "#{name} #{value}\n" }.join)
    @process.start
    @process.await("Redis to answer") { ready? }
    self
  end

  def host = "127.0.0.1"

  def unix_path = File.join(@dir, "redis.sock")

  # @param db [Integer, nil] the path of the URL
  def url(db = nil) = "redis://#{credentials}#{host}:#{port}#{"/#{db}" if db}"

  def tls_url(db = nil) = "rediss://#{credentials}#{host}:#{tls_port}#{"/#{db}" if db}"

  def unix_url = "unix://#{unix_path}"

  # A connection of its own. Options as Resp takes them win.
  def connect(**options)
    Resp.new(host: host, port: options[:path] ? nil : port, username: username, password: password, **options)
  end

  # One command on a connection that is kept.
  def call(*command)
    retried ||= false
    (@client ||= connect).call(*command)
  rescue SystemCallError, IOError
    raise if retried

    retried = true
    @client = nil
    retry
  end

  def pipeline(commands)
    call("PING")
    @client.pipeline(commands)
  end

  # The jobs in a Sidekiq queue, the newest first, as LPUSH leaves them.
  #
  # @return [Array<Hash>]
  def jobs(queue = "default", namespace: nil)
    require "json"
    call("LRANGE", [namespace, "queue", queue].compact.join(":"), 0, -1).map { |job| JSON.parse(job) }
  end

  # Every write is answered with OOM, until `memory_back`.
  def out_of_memory
    call("CONFIG", "SET", "maxmemory", 1)
  end

  def memory_back
    call("CONFIG", "SET", "maxmemory", 0)
  end

  def stop
    forget_client
    super
  end

  def kill9
    forget_client
    super
  end

  private

  def credentials = password ? "#{username}:#{password}@" : ""

  def forget_client
    @client&.close
    @client = nil
  end

  # LOADING is an answer, but not yet readiness.
  def ready?
    client = connect
    client.call("PING") == "PONG"
  rescue SystemCallError, EOFError, Resp::Error
    false
  ensure
    client&.close
  end

  def settings
    lines = {
      "bind" => host, "port" => port, "unixsocket" => unix_path, "dir" => @dir, "save" => '""', "maxmemory-policy" => "noeviction",
      "appendonly" => @persistent ? "yes" : "no", "appendfsync" => @persistent ? "always" : "no", "daemonize" => "no"
    }
    lines.merge!(secrets).merge!(tls_settings)
    lines["replicaof"] = "#{@replica_of.host} #{@replica_of.port}" if @replica_of
    lines["masterauth"] = @replica_of.password if @replica_of&.password
    lines.merge(@config.transform_keys(&:to_s))
  end

  def secrets
    return {} unless password

    username ? { "user" => "#{username} on >#{password} ~* &* +@all\nuser default off" } : { "requirepass" => password }
  end

  def tls_settings
    return {} unless tls_port

    pair = certificates.server
    { "tls-port" => tls_port, "tls-cert-file" => pair.cert_file, "tls-key-file" => pair.key_file,
      "tls-ca-cert-file" => certificates.ca_file, "tls-auth-clients" => @client_certificates ? "yes" : "no" }
  end
end
