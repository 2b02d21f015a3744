# frozen_string_literal: true

# Deliveries and arbiters called directly, as hosts do.
RSpec.describe "MailRoom's classes called directly", :servers do
  let(:mailbox_with_redis) { MailRoom::Mailbox.new(mailbox("in@example.com")) }

  it "pushes a job" do
    options = MailRoom::Delivery::Sidekiq::Options.new(mailbox_with_redis)
    expect(MailRoom::Delivery["sidekiq"].new(options).deliver("Subject: x\r\n\r\n")).to be(true)
    expect(delivered).to eq(["Subject: x\r\n\r\n"])
  end

  it "asks as the original asks" do
    arbiter = MailRoom::Arbitration["redis"].new(MailRoom::Arbitration::Redis::Options.new(mailbox_with_redis))
    expect([arbiter.deliver?(7), arbiter.deliver?(7), arbiter.deliver?(8, 60)]).to eq([true, false, true])
    expect([redis.call("GET", "delivered:7"), redis.call("TTL", "delivered:7"), redis.call("TTL", "delivered:8")])
      .to match(["1", be_between(540, 600), be_between(30, 60)])
  end

  it "says what is wrong when Redis is not there, and not the password" do
    options = MailRoom::Delivery::Sidekiq::Options.new(mailbox_with_redis)
    options.redis_url = "redis://:hidden-pass@127.0.0.1:1/"
    expect { MailRoom::Delivery::Sidekiq.new(options).deliver("x") }
      .to raise_error(MailRoom::DeliveryError) { |error| expect(error.message).to match(/127\.0\.0\.1:1/).and(not_include("hidden-pass")) }
  end

  it "loads what an application may never use only when somebody asks for it" do
    rare = "%r{(?<!mail_room)/(logger|strscan|shellwords|etc|erb|yaml|optparse)[.]|delivery/}"
    script = "require 'mail_room'; print $LOADED_FEATURES.grep(#{rare}); " \
             "print Logger, MailRoom::Logger::Structured, MailRoom::Delivery::Que, MailRoom::GitlabConfig"
    out = IO.popen([RbConfig.ruby, "-I", File.expand_path("../../lib", __dir__), "-e", script], &:read)
    expect(out).to eq("[]LoggerMailRoom::Logger::StructuredMailRoom::Delivery::QueMailRoom::GitlabConfig")
  end

  it "gives templates and applications the libraries that the original has loaded" do
    script = "require 'mail_room'; print 'pass word'.to_json, [1, nil].to_json, Base64, SecureRandom, URI, OpenSSL"
    out = IO.popen([RbConfig.ruby, "-I", File.expand_path("../../lib", __dir__), "-e", script], &:read)
    expect(out).to eq('"pass word"[1,null]Base64SecureRandomURIOpenSSL')
  end

  it "resolves Net::IMAP only when somebody asks for it" do
    script = 'require "mail_room"; print $LOADED_FEATURES.grep(/net.imap/).size; print Net::IMAP.name; print Thread.list.size'
    out = IO.popen([RbConfig.ruby, "-I", File.expand_path("../../lib", __dir__), "-e", script], &:read)
    expect(out).to eq("0Net::IMAP1")
  end
end

RSpec::Matchers.define_negated_matcher :not_include, :include
