# frozen_string_literal: true

require "open3"
require "tmpdir"
require_relative "../rakelib/monitoring_page"
require_relative "../rakelib/options_page"
require_relative "../rakelib/options_signatures"

# What the docs say is tried: every example is loaded, every option and every log line named is one that exists.
RSpec.describe "the docs" do
  root = File.expand_path("..", __dir__)
  pages = Dir.glob("{README.md,docs/*.md}", base: root).sort.to_h { |page| [page, File.read(File.join(root, page))] }
  blocks = pages.flat_map do |page, text|
    text.scan(/^( *)```(\w*)\n(.*?)^\1```$/m).map.with_index(1) do |(indent, language, block), number|
      ["#{page}, block #{number}", language, block.gsub(/^#{indent}/, "")]
    end
  end

  # Variables and files that examples take secrets and texts from.
  variables = pages.values.flat_map { |text| text.scan(/ENV(?:\.fetch\(|\[)"(\w+)"/).flatten }.uniq - ENV.keys
  texts = pages.values.flat_map { |text| text.scan(%r{/etc/(?:gitlab/rejected\.txt|mail_room/\w+)}) }.uniq

  around do |example|
    variables.each { |name| ENV[name] = "x" }
    Dir.mktmpdir { |dir| Dir.chdir(dir) { example.run } }
  ensure
    variables.each { |name| ENV.delete(name) }
  end

  # The mailboxes that an example means. What an excerpt leaves out is filled in.
  define_method(:mailboxes) do |language, block|
    excerpt = { email: "in@example.com", password: "x", name: "inbox" }
    if language == "ruby"
      File.write("gitlab.rb", block)
      next MailRoom::GitlabConfig.omnibus("gitlab.rb").map { |_, attributes| MailRoom::Mailbox.new(attributes) }
    end
    texts.each { |path| File.write(File.basename(path), "%{subject} %{reason}") }
    File.write("example.yml", texts.reduce(block) { |text, path| text.gsub(path, File.expand_path(File.basename(path))) })
    content = MailRoom::ConfigFile.new("example.yml").load
    next gitlab(content) if (content.keys & %i[production incoming_email service_desk_email]).any?

    excerpt[:matching] = { address: "in+%{key}@in.example.com", unmatched: "reject" } if content.key?(:rejection)
    (content[:mailboxes] || [content]).map { |attributes| MailRoom::Mailbox.new(excerpt.merge(attributes)) }
  end

  def gitlab(content)
    content = { production: { gitlab: { host: "gitlab.example.com" }, **content } } unless content.key?(:production)
    File.write("gitlab.yml", YAML.dump(JSON.parse(JSON.generate(content))))
    File.write("resque.yml", "production: redis://localhost:6379")
    MailRoom::GitlabConfig.yml("gitlab.yml", "production").map { |_, attributes| MailRoom::Mailbox.new(attributes) }
  end

  # Warnings are said once a process: here each counts.
  def warnings
    said = []
    allow(MailRoom::Warnings).to receive(:once) { |_key, message| said << message }
    yield
    said
  end

  blocks.each do |place, language, block|
    gitlab_rb = language == "ruby" && block.include?("gitlab_rails[")
    if gitlab_rb || language == "yaml"
      it "hold an example that loads without a warning: #{place}" do
        loaded = []
        expect(warnings { loaded = mailboxes(language, block) }).to eq([])
        expect(loaded).not_to be_empty
      end
    elsif language == "ruby"
      it "hold Ruby that is Ruby: #{place}" do
        expect { RubyVM::InstructionSequence.compile(block) }.not_to raise_error
      end
    end
  end

  %w[docs/postfix.md docs/exchange.md].each do |page|
    it "show the same mailbox in all three forms: #{page}" do
      forms = blocks.select do |place, language, block|
        place.start_with?(page) && block.match?(/gitlab_rails\[|^production:|:mailboxes:/) && language
      end
      settings = forms.map do |_, language, block|
        box = mailboxes(language, block).first
        options = box.to_h.slice(:email, :password, :host, :port, :ssl, :start_tls, :name, :idle_timeout, :delete_after_delivery,
                                 :expunge_deleted, :matching, :delivery_method, :arbitration_method)
        [options, box.delivery_options.except(:jwt_secret_path, :jwt_algorithm), box.arbitration_options[:namespace]]
      end
      expect(settings.size).to eq(3)
      expect(settings.uniq.size).to eq(1), settings.inspect
    end
  end

  # Those whose mail_room.yml takes secrets from elsewhere, or logs in in a way that GitLab's files have no words for.
  { "docs/gmail.md" => %i[email host port ssl name], "docs/graph.md" => %i[email name inbox_method],
    "docs/office365.md" => %i[email name] }.each do |page, members|
    it "show the same mailbox in GitLab's words: #{page}" do
      forms = blocks.select { |place, _, block| place.start_with?(page) && block.match?(/gitlab_rails\[|^production:|:mailboxes:/) }
      found = forms.map do |_, language, block|
        box = mailboxes(language, block).first
        [*box.to_h.slice(*members).transform_values { |value| value.to_s.downcase },
         *(box.inbox_options.except(:client_secret).transform_values(&:to_s) if page == "docs/graph.md")]
      end
      kinds = forms.map { |_, language, block| block.include?(":mailboxes:") ? "mail_room" : language }
      expect(kinds.uniq).to contain_exactly("mail_room", "ruby", "yaml")
      expect(found.uniq.size).to eq(1), found.inspect
    end
  end

  generated = { OptionsPage => "docs/options.md", OptionsSignatures => "sig/mail_room/options.rbs", MonitoringPage => "docs/monitoring.md" }
  generated.each do |page, path|
    it "hold what `rake docs` makes of the tables of options: #{path}" do
      expect(page::PATH).to eq(File.join(root, path))
      expect(File.read(page::PATH)).to eq(page.new.to_s), "run `rake docs`"
    end
  end

  it "name no option that does not exist" do
    known = MailRoom::OptionTables::ALL.flat_map(&:names).map(&:to_s)
    named = pages.flat_map { |page, text| text.scan(/`:?([a-z][a-z0-9_]+):[ `]/).flatten.map { |name| [page, name] } }
    # What a colon follows and is none: `unix:` of an address, log's and job's own words.
    expect(named.reject { |_, name| known.include?(name) || %w[unix redis rediss mail_room].include?(name) }).to eq([])
  end

  it "name every option of the command line, and none that does not exist" do
    executable = File.join(root, "exe/mail_room")
    helps = ["", "check", "config", "match", "status"].map do |command|
      Open3.capture2e(RbConfig.ruby, executable, *command.split, "--help").first
    end
    there = helps.join.scan(/--[a-z][a-z-]+/).uniq
    reference = pages.fetch("docs/options.md").scan(/--[a-z][a-z-]+/).uniq
    expect(reference).to match_array(there)
    commands = blocks.flat_map do |_, language, block|
      language == "sh" ? block.lines.grep(/\bmail_room\b/).grep_v(%r{redis-cli|^(bin/|gem |bundle )}) : []
    end
    inline = pages.values.flat_map { |text| text.scan(/`(mail_room [^`]*|--[a-z-]+[^`]*)`/).flatten }
    named = (commands + inline).flat_map { |line| line.scan(/(?<=\s|\A)--[a-z][a-z-]+/) }.uniq
    expect(named - there).to eq([])
  end

  it "name every question of the check, and none that is not asked" do
    sources = Dir.glob("lib/mail_room/check{,/**/*}.rb", base: root).map { |file| File.read(File.join(root, file)) }.join
    asked = sources.scan(/"([A-Z][^"?]*\?)"/).flatten.map { |question| question.gsub(/\#\{[^}]*\}/, "...") }.uniq
    told = pages.fetch("docs/check.md").scan(/^\| ([^|]*\?) \|/).flatten
    expect(told).to match_array(asked)
  end

  it "name only log lines that are written" do
    sources = Dir.glob("{lib,ext/*/src}/**/*.{rb,rs}", base: root).map do |file|
      File.read(File.join(root, file))
    end.join.gsub(/\\\s*\n\s*/, "")
    text = pages.fetch("docs/troubleshooting.md")
    actions = text.scan(/"([A-Za-z][\w .]+)"/).flatten.uniq
    expect(actions.size).to be > 15
    expect(actions.reject { |action| sources.include?(%("#{action}")) }).to eq([])
    errors = text[/by its error\n(.*?)\n## /m, 1].scan(/^\| `([^`]+)`/).flatten
    expect(errors.size).to be > 10
    expect(errors.reject { |error| sources.include?(error) }).to eq([])
  end

  it "tell of every warning and error that is logged" do
    sources = Dir.glob("ext/mail_room_core/src/**/*.rs", base: root).map do |file|
      File.read(File.join(root, file)).sub(/#\[cfg\(test\)\].*/m, "")
    end
    written = sources.join.scan(/Severity::(?:Warn|Error),\s*(?:None,\s*)?"([^"{]+)"/).flatten.uniq
    expect(written.size).to be > 6
    expect(written.reject { |action| pages.fetch("docs/troubleshooting.md").include?(%("#{action}")) }).to eq([])
  end

  it "link to pages and headings that are there" do
    anchor = ->(heading) { heading.downcase.gsub(/[^\w\- ]/, "").tr(" ", "-") }
    pages.each do |page, text|
      text.scan(/\]\(([^)\s]+)\)/).flatten.grep_v(/\Ahttps?:/).each do |link|
        file, heading = link.split("#", 2)
        target = file.empty? ? page : File.join(File.dirname(page), file).delete_prefix("./").sub(%r{\Adocs/\.\./}, "")
        expect(File.exist?(File.join(root, target))).to be(true), "#{page} links to #{link}"
        next if heading.nil?

        expect(pages.fetch(target).scan(/^#+ (.+)$/).flatten.map(&anchor)).to include(heading), "#{page} links to #{link}"
      end
    end
  end
end
