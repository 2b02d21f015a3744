# frozen_string_literal: true

RSpec.describe MailRoom::Delivery::Que do
  def options(**delivery_options)
    described_class::Options.new(MailRoom::Mailbox.new(email: "in@example.com", password: "x", name: "inbox", delivery_method: "noop",
                                                       delivery_options: delivery_options))
  end

  it "has the members and the defaults of the original" do
    expect(described_class::Options.members).to eq(%i[host port database username password queue priority job_class logger])
    expect(options).to have_attributes(host: "localhost", port: 5432, database: nil, queue: "", priority: 100, job_class: nil)
    expect(options(host: "db", queue: "mails", job_class: "Job")).to have_attributes(host: "db", queue: "mails", job_class: "Job")
  end

  it "shows no secret" do
    expect(options(username: "u", password: "hidden").inspect).not_to include("hidden")
  end

  it "does not pretend to deliver" do
    expect { described_class.new(options) }.to raise_error(MailRoom::ConfigurationError, "delivery_method que is not available yet")
  end
end
