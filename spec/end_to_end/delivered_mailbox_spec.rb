# frozen_string_literal: true

# Delivered messages, moved to a folder of their own.
RSpec.describe "delivered_mailbox", :servers do
  include GraphWatching

  let(:user) { "shop@example.com" }

  after { [*@own, *@servers].each { |server| server.respond_to?(:remove) ? server.remove : server.stop } }

  def own(**options)
    (@own ||= []) << TestDovecot.new(**options).start
    @own.last
  end

  # How the server may move: in one step, by copying, and by copying where others' deleted messages cannot be told apart.
  { "MOVE" => [], "COPY and UID EXPUNGE" => %w[MOVE], "COPY alone" => %w[MOVE UIDPLUS] }.each do |way, without|
    it "is made and gets every delivered message, read, by #{way}" do
      server = own(without: without)
      mails = Array.new(40) { |number| Mails.plain(number).b }
      mails.each { |mail| server.append(user, mail) }
      server.append(user, Mails.plain(100), flags: [:Seen])
      server.append(user, Mails.plain(101), flags: %i[Seen Deleted])
      process = mail_room(mailbox(user, server: server, delivered_mailbox: "Done.2026"))
      there = -> { server.messages(user, mailbox: "Done.2026") rescue [] } # rubocop:disable Style/RescueModifier
      wait_until(30, -> { "40 moved, not #{there.call.size}: #{process.everything_said[-2000..]}" }) { there.call.size >= 40 }
      expect(there.call.map { |message| message.body.b }.tally).to eq(mails.tally)
      expect(there.call.map(&:flags).uniq).to eq([[:Seen]])
      expect(delivered.tally).to eq(mails.tally)
      # What others have read or marked as deleted stays.
      left = server.messages(user).reject { |message| without.include?("UIDPLUS") && message.flags.include?(:Deleted) }
      expect(left.map(&:body).map { |body| body[/Mail \d+/] }).to eq(without.include?("UIDPLUS") ? ["Mail 100"] : ["Mail 100", "Mail 101"])
      server.append(user, Mails.plain(50))
      wait_until(20, "the next one") { there.call.size == 41 }
      expect(process.log.map { |line| line["action"] }).not_to include("Delivered in place", "Message not marked")
    end
  end

  it "leaves messages read where they are, and says so once, if they cannot be moved" do
    server = own
    3.times { |number| server.append(user, Mails.plain(number)) }
    # A name that cannot be made.
    process = mail_room(mailbox(user, server: server, delivered_mailbox: "a//b"))
    expect(process.await_log("Delivered in place")["error"])
      .to match(%r{does not move messages to a//b: .*left \\Seen \(check delivered_mailbox\)})
    server.append(user, Mails.plain(4))
    wait_until(20, "all to be read") { server.uids(user, "UNSEEN").empty? && delivered.size == 4 }
    expect(process.log.count { |line| line["action"] == "Delivered in place" }).to eq(1)
    expect(delivered.size).to eq(4)
  end

  it "is made at Graph and gets every delivered message" do
    server = graph
    mails = fill(server, 12)
    process = mail_room(inbox(server, delivered_mailbox: "Done"))
    done = -> { server.folders.values.find { |folder| folder.name == "Done" } }
    wait_until(30, -> { "12 moved: #{process.everything_said[-2000..]}" }) { done.call && server.mails(done.call.id).size == 12 }
    expect([server.mails, delivered.tally]).to eq([[], mails.tally])
  end

  it "leaves messages read at Graph if they cannot be moved" do
    server = graph
    mails = fill(server, 3)
    server.fault { |asked| [500, {}, ""] if asked.kind == :folder }
    process = mail_room(inbox(server, delivered_mailbox: "Done"))
    expect_all(mails, server, process)
    expect(process.await_log("Delivered in place")["error"]).to match(/they stay, read; check delivered_mailbox/)
    expect(server.mails.map { |mail| [mail.read, mail.flagged] }.uniq).to eq([[true, false]])
  end

  it "leaves messages read if it is the folder that is watched, under another name" do
    server = graph
    mails = fill(server, 3)
    process = mail_room(inbox(server, delivered_mailbox: "Posteingang"))
    expect_all(mails, server, process)
    expect(process.await_log("Delivered in place")["error"]).to match(/it is the folder that is watched; they stay, read/)
    expect([server.mails.map(&:read), server.count(:move)]).to eq([[true] * 3, 0])
  end
end
