# frozen_string_literal: true

require "open3"
require "tmpdir"

RSpec.describe MailRoom::Delivery::LetterOpener do
  def options(**attributes)
    described_class::Options.new(MailRoom::Mailbox.new({ email: "in@example.com", password: "x", name: "inbox",
                                                         delivery_method: "noop" }.merge(attributes)))
  end

  it "reads the location from the mailbox, or from delivery_options" do
    expect(described_class::Options.members).to eq(%i[location])
    expect(options(location: "/a").location).to eq("/a")
    expect(options(delivery_options: { location: "/b" }).location).to eq("/b")
  end

  it "writes a page for each mail" do
    Dir.mktmpdir do |dir|
      path = ENV.fetch("PATH")
      # In place of a browser.
      File.write("#{dir}/xdg-open", "#!/bin/sh\necho \"$1\" > #{dir}/opened\n", perm: 0o755)
      ENV["PATH"] = "#{dir}:#{path}"
      expect(described_class.new(options(location: "#{dir}/pages")).deliver(Mails.plain(7))).to be(true)
      expect(File.read("#{dir}/opened")).to include("#{dir}/pages")
      pages = Dir.glob("#{dir}/**/*.html")
      expect(pages.map { |page| File.read(page) }).to all(include("Line of mail 7"))
      expect(pages.size).to be >= 1
    ensure
      ENV["PATH"] = path
    end
  end

  it "says which gem is missing" do
    script = 'require "mail_room"; $LOADED_FEATURES.clear; $LOAD_PATH.reject! { |dir| dir.include?("vendor_ruby") };' \
             "MailRoom::Delivery::LetterOpener.new(nil)"
    lib = File.expand_path("../../../lib", __dir__)
    _, err, status = Open3.capture3(RbConfig.ruby, "--disable-gems", "-I", lib, "-e", script)
    expect(err).to include("delivery_method letter_opener needs the gem letter_opener").and include("ConfigurationError")
    expect(status).not_to be_success
  end
end
