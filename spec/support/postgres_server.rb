# frozen_string_literal: true

require "etc"
require "fileutils"
require "open3"
require "tmpdir"
require_relative "certificates"
require_relative "private_server"
require_relative "server_process"

# A private PostgreSQL: a free port (kept over restarts), a Unix socket, a temporary folder of its own. Runs as `nobody`
# when we are root, who may not run it.
#
#   postgres = TestPostgres.new.start
#   postgres.rows("SELECT count(*) FROM que_jobs")       # => [["0"]]
#   postgres.kill9; postgres.start; postgres.remove      # what was committed is still there
class TestPostgres
  include PrivateServer

  PASSWORD = "hidden-pass"
  # As que's migrations make them: its first version, as the original knew it, and that of que 1 and later.
  TABLES = {
    que0: <<~SQL,
      CREATE TABLE que_jobs (
        priority smallint NOT NULL DEFAULT 100, run_at timestamptz NOT NULL DEFAULT now(), job_id bigserial NOT NULL,
        job_class text NOT NULL, args json NOT NULL DEFAULT '[]'::json, error_count integer NOT NULL DEFAULT 0, last_error text,
        queue text NOT NULL DEFAULT '', CONSTRAINT que_jobs_pkey PRIMARY KEY (queue, priority, run_at, job_id)
      );
    SQL
    que2: <<~SQL
      CREATE TABLE que_jobs (
        priority smallint NOT NULL DEFAULT 100, run_at timestamptz NOT NULL DEFAULT now(), id bigserial PRIMARY KEY,
        job_class text NOT NULL CONSTRAINT job_class_length CHECK (char_length(job_class) <= 200),
        error_count integer NOT NULL DEFAULT 0, last_error_message text, queue text NOT NULL DEFAULT 'default',
        last_error_backtrace text, finished_at timestamptz, expired_at timestamptz,
        args jsonb NOT NULL DEFAULT '[]'::jsonb CONSTRAINT valid_args CHECK (jsonb_typeof(args) = 'array'),
        data jsonb NOT NULL DEFAULT '{}'::jsonb, kwargs jsonb NOT NULL DEFAULT '{}'::jsonb, job_schema_version integer DEFAULT 1,
        CONSTRAINT queue_length CHECK (char_length(queue) <= 100)
      );
      CREATE FUNCTION que_job_notify() RETURNS trigger AS $$
        BEGIN PERFORM pg_notify('que_listener', NEW.id::text); RETURN null; END
      $$ LANGUAGE plpgsql;
      CREATE TRIGGER que_job_notify AFTER INSERT ON que_jobs FOR EACH ROW EXECUTE PROCEDURE que_job_notify();
    SQL
  }.freeze

  attr_reader :dir, :port, :certificates

  # @param auth [String] lines of pg_hba.conf for TCP; who comes through the socket is trusted
  # @param client_certificates [Boolean] demand them
  def initialize(auth: "host all all 127.0.0.1/32 scram-sha-256", client_certificates: false)
    @auth = client_certificates ? "hostssl all all 127.0.0.1/32 scram-sha-256 clientcert=verify-ca" : auth
    @dir = Dir.mktmpdir("postgres", "/tmp") # a short path: it is that of a socket
    @port = ServerProcess.free_port
    @certificates = Certificates.new(File.join(@dir, "certificates"))
    @process = ServerProcess.new(as_owner(bin("postgres"), "-D", data), out: File.join(@dir, "postgres.log"))
  end

  def start
    make unless File.exist?(data)
    @process.start
    @process.await("PostgreSQL to answer") { system(psql_path, *where, "-c", "", out: File::NULL, err: File::NULL) }
    self
  end

  def host = "127.0.0.1"

  def username = "mail_room"

  # What `sql` answers, a list of texts a row; several statements are run, the last one's rows are answered.
  def rows(sql, database: "mail_room")
    said, complaint, status = Open3.capture3(psql_path, *where(database), "-qAtX", "-v", "ON_ERROR_STOP=1", "-F", "\x1F", "-R", "\x1E",
                                             stdin_data: sql)
    raise "#{sql}: #{complaint}" unless status.success?

    said.delete_suffix("\n").split("\x1E").map { |row| row.split("\x1F", -1) }
  end

  # A table of que's of its own, in a database of its own.
  # @return [String] the database
  def new_database(tables = :que2)
    name = "db#{@databases = @databases.to_i + 1}"
    rows("CREATE DATABASE #{name} OWNER mail_room")
    rows("SET ROLE mail_room; #{TABLES.fetch(tables)}", database: name)
    name
  end

  def stop
    # Fast: clients are told, nobody is waited for.
    @process.signal("INT")
    @process.wait
  end

  private

  def data = File.join(dir, "data")

  def where(database = "postgres") = ["-h", dir, "-p", port.to_s, "-U", "postgres", "-d", database]

  # Debian keeps the servers of several versions beside each other, and out of PATH.
  def bin(name) = File.join(Dir["/usr/lib/postgresql/*/bin"].max_by { |path| path[/\d+/].to_i }, name)

  def psql_path = bin("psql")

  def as_owner(*command)
    Process.uid.zero? ? ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", *command] : command
  end

  def make
    FileUtils.chown_R("nobody", "nogroup", dir) if Process.uid.zero?
    initdb = as_owner(bin("initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
    said, status = Open3.capture2e({ "HOME" => dir }, *initdb, chdir: dir)
    raise said unless status.success?

    File.write(File.join(data, "postgresql.conf"), settings.map { |name, value| "#{name} = '#{value}'\n" }.join, mode: "a")
    File.write(File.join(data, "pg_hba.conf"), "local all all trust\n#{@auth}\n")
    start
    rows("CREATE ROLE mail_room LOGIN PASSWORD '#{PASSWORD}'; CREATE DATABASE mail_room OWNER mail_room", database: "postgres")
    stop
  end

  def settings
    pair = certificates.server
    keys = [pair.cert_file, pair.key_file].map { |file| owned(file) }
    { listen_addresses: host, port: port, unix_socket_directories: dir, ssl: "on", ssl_cert_file: keys[0], ssl_key_file: keys[1],
      ssl_ca_file: certificates.ca_file, log_min_messages: "warning" }
  end

  # The server takes keys only of its own that nobody else can read.
  def owned(file)
    File.chmod(0o600, file)
    FileUtils.chown("nobody", "nogroup", file) if Process.uid.zero?
    file
  end
end
