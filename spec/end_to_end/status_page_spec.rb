# frozen_string_literal: true

require "json"
require "open3"

# /status in a real browser: Debian's chromium. `rake spec:browser` also leaves the screenshots in tmp/.
RSpec.describe "the status page", :browser, :servers do
  let(:port) { ServerProcess.free_port }
  let(:folder) { File.expand_path("../../tmp/screenshots", __dir__) }
  let(:url) { "http://127.0.0.1:#{port}/status" }

  def chromium(*arguments)
    profile = Dir.mktmpdir
    out, err, status = Open3.capture3("chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                                      "--user-data-dir=#{profile}", "--virtual-time-budget=2000", *arguments)
    expect(status).to be_success, err
    out
  ensure
    FileUtils.remove_entry(profile)
  end

  # Width and height of a PNG, and whether it shows more than one colour.
  def picture(name, *arguments)
    path = File.join(folder, "#{name}.png")
    chromium("--screenshot=#{path}", *arguments, url)
    head = File.binread(path, 24)
    expect(head.byteslice(1, 3)).to eq("PNG")
    [*head.byteslice(16, 8).unpack("N2"), File.size(path)]
  end

  before do
    FileUtils.mkdir_p(folder)
    user = dovecot.new_user
    3.times { |number| dovecot.append(user, Mails.plain(number)) }
    closed = ServerProcess.free_port
    down = mailbox(dovecot.new_user, port: closed, name: "<b>Support</b>")
    process = mail_room(mailbox(user), down, settings: { health_check: { address: "127.0.0.1", port: port } })
    process.await_log("Disconnected. Resetting...")
    wait_until(20, "the deliveries") do
      delivered.size == 3 && HealthClient.get(port, "/status", timeout: 5)&.last&.include?("Waiting for mail")
    end
    @texts = ["1 of 2 mailboxes in trouble", "mail_room #{MailRoom::VERSION}", "Waiting for mail for", "3 messages in the last hour", user,
              "Not connected for", "127.0.0.1:#{closed}: cannot connect", "What to do:", "&lt;b&gt;Support&lt;/b&gt;"]
  end

  it "says how every mailbox is, and fits a phone, light and dark" do
    page = chromium("--dump-dom", url)
    expect(@texts.reject { |text| page.include?(text) }).to eq([])
    expect(page).not_to include("<script")
    # Nothing is wider than the window of a phone.
    expect(picture("phone", "--window-size=400,900", "--hide-scrollbars")).to match([400, 900, be > 10_000])
    expect(picture("desktop", "--window-size=1200,700", "--hide-scrollbars")).to match([1200, 700, be > 10_000])
    dark = picture("dark", "--window-size=1200,700", "--hide-scrollbars", "--blink-settings=preferredColorScheme=0")
    expect(dark).to match([1200, 700, be > 10_000])
    expect(File.binread(File.join(folder, "dark.png"))).not_to eq(File.binread(File.join(folder, "desktop.png")))
  end
end
