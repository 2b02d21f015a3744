# frozen_string_literal: true

require "stringio"

RSpec.describe MailRoom::Delivery::Sidekiq do
  def mailbox(logger: {}, **delivery_options)
    MailRoom::Mailbox.new(email: "in@example.com", password: "x", name: "inbox", delivery_method: "noop", logger: logger,
                          delivery_options: delivery_options)
  end

  def options(**delivery_options) = described_class::Options.new(mailbox(**delivery_options))

  it "has the members and the defaults of the original" do
    expect(described_class::Options.members.first(9))
      .to eq(%i[redis_url namespace sentinels queue worker logger redis_db sentinel_username sentinel_password])
    expect(options(worker: "W")).to have_attributes(
      redis_url: "redis://localhost:6379", namespace: nil, sentinels: nil, queue: "default", worker: "W", redis_db: 0,
      sentinel_username: nil, sentinel_password: nil, logger: be_a(Logger)
    )
  end

  it "reads what is given" do
    given = { redis_url: "redis://h", queue: "q", worker: "W", redis_db: "2", sentinels: [{ host: "a" }], sentinel_password: 1,
              redis_ssl_params: { ca_file: "/ca.pem" } }
    expect(options(**given)).to have_attributes(given.merge(redis_db: 2, sentinel_password: "1"))
  end

  it "takes nulls for what is not given" do
    nulls = { redis_url: nil, queue: nil, redis_db: nil, sentinels: nil, namespace: nil, redis_ssl_params: nil, sentinel_password: nil }
    expect(options(worker: "W", **nulls)).to eq(options(worker: "W"))
  end

  it "requires a worker, without which Sidekiq could not run a job" do
    [{}, { worker: nil }, { worker: "" }].each do |given|
      expect { options(**given) }.to raise_error(MailRoom::ConfigurationError, /\AField :worker in delivery_options .* is required\z/)
    end
  end

  it "uses redis_db whatever the address says, and warns when they differ" do
    mailbox = mailbox(worker: "W", redis_url: "redis://:hidden@h/7")
    expect { 2.times { expect(described_class.to_native(mailbox)["redis"]["db"]).to eq(0) } }
      .to output(/\A[^\n]*names database 7, but jobs go to database 0[^\n]*\n\z/).to_stderr
    expect { described_class.to_native(mailbox) }.not_to output(/hidden/).to_stderr
    same = mailbox(worker: "W", redis_url: "redis://h/7", redis_db: 7)
    expect { expect(described_class.to_native(same)["redis"]["db"]).to eq(7) }.not_to output.to_stderr
  end

  it "shows no secret" do
    expect(options(worker: "W", redis_url: "redis://:hidden@h", sentinel_password: "hidden").inspect).not_to include("hidden")
  end

  it "delivers into the queue and says so in the mailbox's log", :servers do
    log = StringIO.new
    logger = MailRoom::Logger::Structured.new(log)
    options = options(worker: "W", redis_url: redis.url, queue: "mails", logger: logger)
    expect(described_class.new(options).deliver("Subject: x\r\n\r\n")).to be(true)
    expect(delivered).to eq(["Subject: x\r\n\r\n"])
    expect(JSON.parse(log.string)).to include("severity" => "INFO", "delivery_method" => "Sidekiq", "action" => "message pushed")
  end
end
