# frozen_string_literal: true

require "erb"
require "mail_room"
require "socket"
require "uri"
require "yaml"

Dir[File.join(__dir__, "support", "*.rb")].each { |file| require file }

# Servers that many examples share; each example has a user and a database number of its own.
module Servers
  class << self
    def dovecot = @dovecot ||= TestDovecot.new.start

    def redis = @redis ||= TestRedis.new.start

    def postgres = @postgres ||= TestPostgres.new.start

    def remove
      [@dovecot, @redis, @postgres].compact.each(&:remove)
    end
  end

  def dovecot = Servers.dovecot

  def redis = Servers.redis

  def postgres = Servers.postgres

  def wait_until(...) = WaitUntil.wait_until(...)

  # A mailbox on a private Dovecot that goes into Sidekiq on a private Redis.
  def mailbox(user, server: dovecot, redis: self.redis, **rest)
    {
      email: user, password: server.password, host: server.host, port: server.port, ssl: false, name: "INBOX",
      delivery_method: "sidekiq", delivery_options: { redis_url: redis.url, worker: "EmailReceiverWorker", queue: "mails" },
      arbitration_method: "redis", arbitration_options: { redis_url: redis.url, claim_ttl: 2 }
    }.merge(rest)
  end

  def mail_room(*mailboxes, **options)
    (@mail_rooms ||= []) << MailRoomProcess.new(mailboxes, **options)
    @mail_rooms.last.start
  end

  # The messages in the queue, oldest first, as octets.
  def delivered(redis = self.redis)
    redis.jobs("mails").reverse.map { |job| job["args"].first.b }
  end
end

RSpec.configure do |config|
  config.disable_monkey_patching!
  config.expect_with(:rspec) { |expectations| expectations.max_formatted_output_length = 500 }
  config.raise_errors_for_deprecations!
  config.order = :random
  Kernel.srand config.seed
  config.include Servers
  # More than 20 s of waiting for a deadline of ours: rake spec:slow. Servers that have to be downloaded: rake interop. The compiled gem,
  # which takes minutes to build: rake spec:native. A browser: rake spec:browser.
  config.filter_run_excluding(:slow, :interop, :native, :browser)

  config.after { @mail_rooms&.each(&:remove) }
  config.before(:each, :servers) { redis.call("FLUSHALL") }

  config.after(:suite) do
    Servers.remove
    left = ServerProcess.running
    raise "left behind: #{left.map(&:pid)}" unless left.empty?
  end
end
