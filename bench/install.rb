# frozen_string_literal: true

# What the gem costs: seconds to install it, octets on the disk, milliseconds to require it, and memory while it waits for the mail of one
# mailbox by TLS. For the source gem of BEFORE, that of the tree, and the compiled gem of the tree that `rake native` has built; each
# is installed into a folder of its own. Run it twice: the first time it downloads crates. A commit without stored bindings needs libclang.
#
#   rake bench:install [BEFORE=commit] [ONLY=before,source,compiled]

require "open3"
require "tmpdir"
require_relative "../rakelib/native_gem"
require_relative "../spec/support/dovecot"
require_relative "../spec/support/mail_room_process"
require_relative "../spec/support/redis_server"

# One gem, installed as users do it.
class Installed
  ROOT = File.expand_path("..", __dir__)
  # A process is measured this many times. The median counts.
  TIMES = 21
  REQUIRE = <<~RUBY
    require "rubygems"
    began = Process.clock_gettime(Process::CLOCK_MONOTONIC)
    gem "gitlab-mail_room"
    require "mail_room"
    print((Process.clock_gettime(Process::CLOCK_MONOTONIC) - began) * 1000)
  RUBY

  # @param gem [String] path of the gem
  def initialize(gem)
    @gem = gem
    @folder = Dir.mktmpdir("gems")
    @seconds, @processor = install
  end

  # @return [Hash{String=>String}]
  def measure(servers)
    { "install" => format("%.1f s (processors: %.1f s)", @seconds, @processor),
      "gem" => megabytes(File.size(@gem)), "library" => megabytes(File.size(library)),
      "require" => format("%.1f ms (fastest %.1f)", *median), "idle" => megabytes(servers.idle(executable, environment) * 1024) }
  end

  def remove = FileUtils.rm_rf(@folder)

  private

  # As in a shell of a user: without what points to a source tree.
  def environment
    { "RUBYLIB" => nil, "RUBYOPT" => nil, "CARGO_TARGET_DIR" => nil, "RB_SYS_CARGO_TARGET_DIR" => nil, "CARGO_INCREMENTAL" => nil,
      "GEM_PATH" => [@folder, *Gem.path].join(":") }
  end

  def executable = File.join(@folder, "bin/mail_room")

  def library
    named = Dir.glob(File.join(@folder, "gems/*/lib/mail_room/**/mail_room_native.so"))
    named.find { |path| path.include?("/#{RUBY_VERSION[/\A\d+\.\d+/]}/") } || named.first
  end

  def install
    began = times
    run("gem", "install", "--local", "--no-document", "--ignore-dependencies", "--install-dir", @folder, @gem)
    times.zip(began).map { |after, before| after - before }
  end

  # On a machine that does something else, too, the second one is what can be compared.
  def times
    used = Process.times
    [Process.clock_gettime(Process::CLOCK_MONOTONIC), used.cutime + used.cstime]
  end

  def median
    times = Array.new(TIMES) { Float(run(RbConfig.ruby, "-e", REQUIRE)) }.sort
    [times[TIMES / 2], times.first]
  end

  def run(*command)
    output, error, status = Open3.capture3(environment, *command, chdir: "/")
    raise "#{command.join(" ")} failed:\n#{output}#{error}" unless status.success?

    output
  end

  def megabytes(octets) = format("%.1f MB", octets / 1e6)
end

# The servers that a mailbox waits at.
class Servers
  def initialize
    @dovecot = TestDovecot.new.start
    @redis = TestRedis.new.start
  end

  # @return [Integer] KiB that are resident while it waits for mail
  def idle(executable, environment)
    mailbox = { email: "idle@example.com", password: TestDovecot::PASSWORD, host: @dovecot.host, port: @dovecot.tls_port,
                ssl: { ca_file: @dovecot.ca_file }, name: "INBOX", delivery_method: "sidekiq",
                delivery_options: { redis_url: @redis.url, worker: "EmailReceiverWorker" },
                arbitration_method: "redis", arbitration_options: { redis_url: @redis.url } }
    process = MailRoomProcess.new([mailbox], executable: executable, env: environment).start
    WaitUntil.wait_until(60, -> { "it to idle: #{process.everything_said}" }) { process.idles? }
    process.rss_kb
  ensure
    process&.remove
  end

  def remove = [@redis, @dovecot].each(&:remove)
end

# Builds the source gem of a commit.
def source_gem(commit, folder)
  tree = File.join(folder, commit)
  system("git", "-C", Installed::ROOT, "worktree", "add", "--quiet", "--detach", tree, commit, exception: true)
  path = File.join(folder, "#{commit}.gem")
  system("gem", "build", "--quiet", "--output", path, "gitlab-mail_room.gemspec", chdir: tree, exception: true, %i[out err] => File::NULL)
  path
ensure
  system("git", "-C", Installed::ROOT, "worktree", "remove", "--force", tree)
end

Dir.mktmpdir do |folder|
  before = ENV.fetch("BEFORE", nil)
  gems = { "before" => before && -> { source_gem(before, folder) }, "source" => -> { source_gem("HEAD", folder) },
           "compiled" => -> { NativeGem.newest or abort "run `rake native` first" } }.compact
  gems = gems.slice(*ENV.fetch("ONLY", gems.keys.join(",")).split(","))
  servers = Servers.new
  gems.each do |name, gem|
    installed = Installed.new(gem.call)
    puts "#{name}: #{installed.measure(servers).map { |what, value| "#{what} #{value}" }.join(", ")}"
    $stdout.flush
  ensure
    installed&.remove
  end
ensure
  servers&.remove
end
