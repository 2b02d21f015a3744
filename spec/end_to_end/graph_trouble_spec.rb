# frozen_string_literal: true

# One list, one message or one folder of Microsoft Graph in trouble, and a mailbox that goes on.
RSpec.describe "inbox_method microsoft_graph in trouble", :servers do
  include GraphWatching

  after { @servers&.each(&:stop) }

  def actions(process) = process.log.map { |line| line["action"] }

  def lines(process, action) = process.log.select { |line| line["action"] == action }

  # Waits until the mailbox was looked at so often.
  def await_looks(process, count)
    looks = lines(process, "Idling").size
    wait_until(30, "#{count} looks") { lines(process, "Idling").size >= looks + count }
  end

  # What lists were asked for: messages on a page, and whether with their sizes.
  def shapes(server)
    server.asked.select { |asked| asked.kind == :list }.map do |asked|
      query = URI.decode_www_form(asked.request.path.split("?", 2).last).to_h
      [query["$top"].to_i, query.key?("$expand")]
    end
  end

  describe "a list" do
    {
      "500" => ->(_) { [500, {}, ""] }, "503" => ->(_) { [503, {}, ""] }, "504" => ->(_) { [504, {}, ""] },
      "503 with Retry-After" => ->(_) { [503, { "Retry-After" => "1" }, ""] },
      "a cut connection" => ->(_) { :cut }, "a body that is cut off" => ->(_) { [200, { "Content-Length" => "5000" }, "{\"value\": ["] }
    }.each do |name, answer|
      it "that fails with #{name} for large pages is asked for in smaller ones, and that is remembered" do
        server = graph(page: 1000)
        mails = fill(server, 57)
        server.fault { |asked| answer.call(asked) if asked.kind == :list && shapes(server).last.first > 25 }
        process = mail_room(inbox(server))
        expect_all(mails, server, process)
        listed = shapes(server).size
        expect(shapes(server).uniq).to eq([[500, true], [100, true], [25, true]])
        expect_all(mails + fill(server, 30), server, process)
        expect(shapes(server).drop(listed).uniq).to eq([[25, true]])
        expect(lines(process, "List not answered").size).to eq(2)
        expect(actions(process)).not_to include("Disconnected. Resetting...")
      end
    end

    it "that fails with the messages' sizes is asked for without them" do
      server = graph(page: 1000)
      mails = fill(server, 57)
      server.fault { |asked| [504, {}, ""] if asked.kind == :list && shapes(server).last.last }
      process = mail_room(inbox(server))
      expect_all(mails, server, process)
      expect(shapes(server).uniq).to eq([[500, true], [100, true], [25, true], [5, true], [500, false]])
      expect(lines(process, "List not answered").last["error"]).to include("answered 504").and(include("without sizes"))
      expect(actions(process)).not_to include("Disconnected. Resetting...")
    end

    it "that fails whatever is asked for backs off" do
      server = graph
      server.fault { |asked| [500, {}, ""] if asked.kind == :list }
      process = mail_room(inbox(server))
      expect(process.await_log("Disconnected. Resetting...", 40)["error"]).to include("answered 500")
      expect(shapes(server)).to eq([true, false].product([500, 100, 25, 5]).flat_map { |sizes, top| [[top, sizes]] * 2 })
    end

    it "whose later pages fail is delivered as far as it goes" do
      server = graph
      mails = fill(server, 25)
      failing = true
      server.fault { |asked| [500, {}, ""] if failing && asked.kind == :list && asked.request.path.include?("skip=10") }
      process = mail_room(inbox(server))
      expect(process.await_log("List cut short", 40)["error"]).to include("answered 500")
      wait_until(20, "the first page") { delivered.size >= 10 }
      failing = false
      expect_all(mails, server, process)
    end

    {
      "itself" => ->(link, query, again) { link && again.call(query) },
      "the first page" => ->(link, query, again) { link && (query.key?("$skip") ? again.call(query.except("$skip")) : link) },
      "pages without end" => ->(_, query, again) { again.call(query.merge("$skip" => "1000", "page" => (query["page"].to_i + 1).to_s)) }
    }.each do |name, following|
      it "that goes on at #{name} ends there, and what was listed is delivered" do
        server = graph
        mails = fill(server, 25)
        again = ->(query) { "#{server.url}/v1.0/users/#{GraphServer::EMAIL}/mailFolders/inbox/messages?#{URI.encode_www_form(query)}" }
        server.on_link { |link, query| following.call(link, query, again) }
        process = mail_room(inbox(server))
        expect(process.await_log("List cut short")["error"]).to include("what was listed is delivered")
        expect_all(mails, server, process)
        expect(lines(process, "List cut short").size).to eq(1)
        expect(actions(process)).not_to include("Disconnected. Resetting...")
        lists = server.count(:list)
        wait_until(20, "some looks") { lines(process, "Idling").size >= 5 }
        expect(server.count(:list) - lists).to be <= (name == "pages without end" ? 600 : 6)
      end
    end
  end

  describe "a message" do
    [{ sizes: true }, { sizes: false }].each do |options|
      it "that comes without an octet is not delivered, not marked and asked for again #{options}" do
        server = graph
        server.sizes = options[:sizes]
        mails = fill(server, 5)
        odd = server.mails[2].id
        server.fault { |asked| [200, {}, ""] if asked.kind == :value && asked.id == odd && times(server, odd) < 2 }
        process = mail_room(inbox(server, matching: { address: "incoming+%{key}@example.com", unmatched: "deliver" }))
        expect(process.await_log("Message without a body")).to include("uid" => odd, "severity" => "WARN")
        wait_until(20, "the others to be read") { server.unread.map(&:id) == [odd] }
        expect(delivered.tally).to eq((mails - [mails[2]]).tally)
        expect_all(mails, server, process)
      end
    end

    it "that comes without an octet is not ignored for want of a key" do
      server = graph
      fill(server, 3)
      server.fault { |asked| [200, {}, ""] if asked.kind == :value && asked.id == server.mails[1].id }
      process = mail_room(inbox(server, matching: { address: "incoming+%{key}@example.com", unmatched: "ignore" }))
      process.await_log("Message without a body")
      wait_until(20, "the others to be read") { server.unread.map(&:id) == [server.mails[1].id] }
      expect(lines(process, "Message matched").size).to eq(2)
    end

    it "that is listed and not there is warned about, and asked for ever more rarely" do
      server = graph
      mails = fill(server, 5)
      odd = server.mails[2].id
      server.fault { |asked| graph_error(404, "ErrorItemNotFound") if asked.kind == :value && asked.id == odd }
      process = mail_room(inbox(server))
      wait_until(20, "the others to be read") { server.unread.map(&:id) == [odd] }
      expect(lines(process, "Message not fetched")).to eq([])
      expect(process.await_log("Message not fetched", 30)).to include("uid" => odd, "severity" => "WARN", "error" => /answered 2 times/)
      expect_all_but(odd, mails, mails[2], server, process)
      expect(times(server, odd)).to be <= 3
      expect(actions(process)).not_to include("Disconnected. Resetting...")
    end

    {
      "429 with Retry-After" => [429, { "Retry-After" => "2" }, ""], "429" => [429, { "Retry-After" => "0" }, ""], "500" => [500, {}, ""],
      "503" => [503, {}, ""], "401" => [401, {}, ""], "403" => [403, {}, ""], "a cut connection" => :cut
    }.each do |name, answer|
      it "that always fails with #{name} holds up no other, and is set aside in the end" do
        server = graph
        mails = fill(server, 12)
        odd = server.mails[2].id
        server.fault { |asked| answer if asked.kind == :value && asked.id == odd }
        process = mail_room(inbox(server, max_delivery_attempts: 2))
        wait_until(40, -> { "11 jobs, not #{delivered.size}: #{process.everything_said[-2000..]}" }) { delivered.size == 11 }
        expect(process.await_log("Message not fetched", 40)).to include("uid" => odd, "severity" => "WARN")
        # Others go well meanwhile, so it is this message.
        more = wait_until(60, -> { "it to be set aside: #{process.everything_said[-3000..]}" }) do
          mails << Mails.plain(100 + mails.size).b.tap { |mail| server.add(mail) }
          wait_until(10, -> { "what arrives later: #{process.everything_said[-3000..]}" }) { delivered.size == mails.size - 1 }
          mails if server.mails.find { |mail| mail.id == odd }.flagged
        end
        expect(delivered.tally).to eq((more - [more[2]]).tally)
        wait_until(20, "all to be read") { server.unread.empty? }
        expect(actions(process)).not_to include("Disconnected. Resetting...")
      end
    end

    {
      "429 with Retry-After" => [429, { "Retry-After" => "2" }, ""], "500" => [500, {}, ""], "503" => [503, {}, ""],
      "401" => [401, {}, ""], "403" => [403, {}, ""], "a cut connection" => :cut
    }.each do |name, answer|
      it "of two that cannot be marked for #{name} stays delivered, and holds up no other" do
        server = graph
        mails = fill(server, 12)
        stubborn = server.mails.values_at(2, 7).map(&:id)
        refusing = true
        server.fault do |asked|
          next unless refusing && asked.kind == :patch && stubborn.include?(asked.id)

          # Inside of a batch there is no connection to cut.
          asked.request || answer.is_a?(Array) ? answer : [500, {}, ""]
        end
        process = mail_room(inbox(server))
        wait_until(40, -> { "the others to be read: #{process.everything_said[-3000..]}" }) { server.unread.map(&:id) == stubborn }
        wait_until(40, -> { "warnings: #{process.everything_said[-3000..]}" }) { not_marked(process) == stubborn.sort }
        more = fill(server, 3)
        wait_until(20, -> { "what arrives later: #{process.everything_said[-3000..]}" }) { delivered.size == 15 }
        patches = server.count(:patch)
        await_looks(process, 4)
        expect(server.count(:patch) - patches).to be <= 10
        refusing = false
        expect_all(mails + more, server, process, deadline: 90)
      end
    end

    def not_marked(process) = lines(process, "Message not marked").map { |line| line["uid"] }.uniq.sort

    def times(server, id) = server.asked.count { |asked| asked.kind == :value && asked.id == id }

    def expect_all_but(id, mails, mail, server, process)
      more = fill(server, 3)
      wait_until(20, "what arrives later") { delivered.size == mails.size + 2 }
      wait_until(20, "it to be read") { server.unread.map(&:id) == [id] }
      expect(delivered.tally).to eq((mails - [mail] + more).tally)
      expect(process).to be_alive
    end
  end

  it "is marked one by one where batches are always too much" do
    server = graph
    mails = fill(server, 20)
    server.fault { |asked| [429, {}, ""] if asked.kind == :batch }
    expect_all(mails, server, mail_room(inbox(server)), deadline: 120)
  end

  it "sets aside in place where failed_mailbox cannot be looked for" do
    server = graph
    fill(server, 3)
    http = HttpServer.new { |request| [request.body.include?("Mail 1\r") ? 400 : 200, {}, ""] }.start
    @servers << http
    server.fault { |asked| [500, {}, ""] if asked.kind == :folder }
    process = mail_room(inbox(server, delivery_method: "postback", delivery_options: { delivery_url: http.url },
                                      max_delivery_attempts: 1, failed_mailbox: "Failed"))
    expect(process.await_log("Set aside in place", 40)["error"]).to include("check failed_mailbox")
    wait_until(20, "all to be read") { server.unread.empty? }
    expect(server.mails.map(&:flagged)).to eq([false, true, false])
  end

  describe "a Retry-After that has ended before it began" do
    ["0", "Sun, 06 Nov 1994 08:49:37 GMT"].product(%i[list token value]).each do |retry_after, kind|
      it "(#{retry_after}) makes no pause shorter for #{kind}" do
        server = graph
        fill(server, 1)
        server.fault { |asked| [429, { "Retry-After" => retry_after }, ""] if asked.kind == kind }
        process = mail_room(inbox(server))
        wait_until(40, -> { "four requests: #{process.everything_said[-2000..]}" }) { server.count(kind) >= 4 }
        at = server.asked.select { |asked| asked.kind == kind }.map { |asked| asked.request.at }
        expect(at[3] - at[0]).to be >= 3.4
      end
    end
  end

  describe "a message set aside that a person marks as unread" do
    [true, false].each do |mended|
      it "is #{mended ? "delivered" : "set aside again after as many tries, and not deleted"}" do
        server = graph
        fill(server, 3)
        refusing = true
        http = HttpServer.new { |request| [refusing && request.body.include?("Mail 1\r") ? 422 : 200, {}, ""] }.start
        @servers << http
        odd = server.mails[1].id
        process = mail_room(inbox(server, delivery_method: "postback", delivery_options: { delivery_url: http.url },
                                          max_delivery_attempts: 1, delete_after_delivery: true))
        aside = -> { server.mails.map { |mail| [mail.id, mail.read, mail.flagged] } == [[odd, true, true]] }
        wait_until(30, -> { "it to be set aside: #{process.everything_said[-2000..]}" }) { aside.call }
        tries = http.requests.count { |request| request.body.include?("Mail 1\r") }
        # A person sees it no sooner than the next list does.
        await_looks(process, 2)
        refusing = !mended
        server.unread!(odd)
        wait_until(30, -> { "it to be tried again: #{process.everything_said[-2000..]}" }) do
          http.requests.count { |request| request.body.include?("Mail 1\r") } == (mended ? tries + 1 : tries * 2)
        end
        wait_until(30, -> { "its end: #{process.everything_said[-2000..]}" }) { mended ? server.mails.empty? : aside.call }
        await_looks(process, 3)
        expect(mended ? server.mails : aside.call).to eq(mended ? [] : true)
        expect(http.accepted.size).to eq(mended ? 3 : 2)
      end
    end
  end

  it "warns where marks are acknowledged and forgotten, and delivers nothing twice, also after a restart" do
    server = graph
    server.forgetful = true
    mails = fill(server, 5)
    process = mail_room(inbox(server))
    expect(process.await_log("Marks not kept", 60)).to include("severity" => "WARN", "uid" => match_array(server.mails.map(&:id)))
    patches = server.count(:patch)
    await_looks(process, 4)
    expect(server.count(:patch) - patches).to be <= 10
    expect(server.unread.size).to eq(5)
    process.kill9
    process = mail_room(inbox(server))
    process.await_log("Idling")
    more = fill(server, 2)
    wait_until(20, "what arrives later") { delivered.size >= 7 }
    await_looks(process, 2)
    expect(delivered.tally).to eq((mails + more).tally)
    expect(lines(process, "Marks not kept").size).to be <= 1
  end

  describe "a folder" do
    it "that is deleted and made anew is found again" do
      server = graph
      desk = server.folder("Desk")
      first = Mails.plain(1).b
      server.add(first, folder: desk)
      process = mail_room(inbox(server, name: "Desk"))
      wait_until(20, "the first") { delivered == [first] && server.unread(desk).empty? }
      server.remove_folder(desk)
      expect(process.await_log("Disconnected. Resetting...")["error"]).to include("the watched folder is gone")
      wait_until(20, "the folders that there are") do
        lines(process, "Disconnected. Resetting...").any? { |line| line["error"].match?(/no folder "Desk".*there are: Posteingang/) }
      end
      server.add(second = Mails.plain(2).b, folder: (desk = server.folder("Desk")))
      wait_until(60, "the second") { delivered == [first, second] && server.unread(desk).empty? }
    end

    it "that is renamed is told, and the one that takes its name is found", :slow do
      server = graph
      desk = server.folder("Desk")
      process = mail_room(inbox(server, name: "Desk"))
      process.await_log("Idling")
      server.rename_folder(desk, "Old desk")
      other = server.folder("Desk")
      server.add(mail = Mails.plain(1).b, folder: other)
      wait_until(100, "the mail in the new folder") { delivered == [mail] && server.unread(other).empty? }
      expect(process.await_log("Disconnected. Resetting...")["error"]).to include("\"Desk\" now means another folder")
    end
  end

  it "does without changes where they cannot be had" do
    server = graph
    mails = fill(server, 5)
    server.fault { |asked| [500, {}, ""] if asked.kind == :delta }
    process = mail_room(inbox(server, { delta: true }))
    process.await_log("Delta not available")
    expect_all(mails + fill(server, 5), server, process)
    expect(actions(process)).not_to include("Disconnected. Resetting...")
    expect(server.count(:delta)).to eq(3)
  end
end
