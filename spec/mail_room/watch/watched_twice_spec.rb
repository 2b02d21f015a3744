# frozen_string_literal: true

RSpec.describe MailRoom::WatchedTwice do
  # An account of its own: each warning is said once a process.
  let(:email) { "#{Object.new.object_id}@example.com" }
  let(:redis) { { arbitration_method: "redis", arbitration_options: { redis_url: "redis://localhost" } } }

  def entry(**options)
    MailRoom::Mailbox.new({ email: email, password: "x", host: "imap.example.com", name: "inbox", delivery_method: "noop" }
                            .merge(options))
  end

  def watching(*mailboxes)
    MailRoom::Coordinator.new(mailboxes)
  end

  it "warns once of a mailbox that is listed twice without arbitration" do
    line = "mail_room: warning: Mailbox (name \"inbox\", email #{email.inspect}) is watched twice without a common arbitration: " \
           "messages may be delivered more than once; list it once, or set the same arbitration_method: redis in all its entries\n"
    expect { 2.times { watching(entry, entry(host: "IMAP.example.com", name: "INBOX")) } }.to output(line).to_stderr
  end

  it "counts the entries, and wants one arbitration for all of them" do
    elsewhere = redis.merge(arbitration_options: { redis_url: "redis://localhost/1" })
    expect { watching(entry(**redis), entry(**elsewhere), entry) }.to output(/is watched 3 times without/).to_stderr
  end

  it "has nothing against other mailboxes, nor against one arbitration" do
    others = [entry, entry(port: 143), entry(email: "b#{email}"), entry(name: "Inbox/b"), entry(host: "other.example.com")]
    expect { watching(*others) }.not_to output.to_stderr
    expect { watching(entry(**redis), entry(**redis)) }.not_to output.to_stderr
  end
end
