# frozen_string_literal: true

# Memory is bounded, whatever the size of the mails and the number of mailboxes.
RSpec.describe "memory", :servers do
  # Mails of this size are counted, not compared: the queue would need as much memory again here.
  def drain(users, per_user, size)
    mail = Mails.plain(1, size)
    users.each { |user| per_user.times { dovecot.append(user, mail) } }
    process = mail_room(*users.map { |user| mailbox(user, arbitration_options: { redis_url: redis.url }) })
    wait_until(240, -> { "all jobs, not #{redis.call("LLEN", "queue:mails")}: #{process.stderr}" }) do
      redis.call("LLEN", "queue:mails") >= users.size * per_user
    end
    process.peak_rss_kb / 1024
  end

  it "stays below 120 MB with 100 mails of 8 MB" do
    peak = drain([dovecot.new_user], 100, 8 << 20)
    RSpec.configuration.reporter.message("100 mails of 8 MB: #{peak} MB resident at most")
    expect(peak).to be <= 120
  end

  it "stays below 150 MB with 20 mailboxes of 50 mails of 4 MB each" do
    peak = drain(Array.new(20) { dovecot.new_user }, 50, 4 << 20)
    RSpec.configuration.reporter.message("20 mailboxes of 50 mails of 4 MB: #{peak} MB resident at most")
    expect(peak).to be <= 150
  end
end
