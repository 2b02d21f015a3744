# frozen_string_literal: true

require "json"
require "open3"

# What comes along for Prometheus and Grafana.
RSpec.describe "contrib/prometheus" do
  folder = File.expand_path("../contrib/prometheus", __dir__)
  # Every name that a metric's samples have.
  known = MailRoom::Native.metrics.flat_map { |name, kind| kind == "histogram" ? %W[#{name}_bucket #{name}_sum #{name}_count] : [name] }
  known << "mail_room_build_info"
  dashboard = JSON.parse(File.read("#{folder}/grafana.json"))
  queries = dashboard["panels"].flat_map { |panel| panel["targets"].map { |target| target["expr"] } }

  it "has rules that promtool understands" do
    said, status = Open3.capture2e("promtool", "check", "rules", "#{folder}/alerts.yml")
    expect(status).to be_success, said
    expect(said).to match(/SUCCESS: \d+ rules found/)
  end

  it "has an alert for what must not go unnoticed" do
    alerts = YAML.load_file("#{folder}/alerts.yml")["groups"].flat_map { |group| group["rules"] }.map { |rule| rule["alert"] }
    expect(alerts).to include("MailRoomStopped", "MailRoomBacklogGrows", "MailRoomMessageSetAside", "MailRoomCertificateExpires")
  end

  it "asks for metrics that there are" do
    [*queries, File.read("#{folder}/alerts.yml")].each do |text|
      expect(text.scan(/\bmail_room_\w+/).uniq - known).to eq([]), text
    end
  end

  it "asks in a way that promtool understands" do
    expect(queries.size).to be > 10
    rules = queries.map.with_index { |query, number| { "record" => "q#{number}", "expr" => query.gsub("$__rate_interval", "5m") } }
    Dir.mktmpdir do |dir|
      File.write("#{dir}/rules.yml", YAML.dump("groups" => [{ "name" => "queries", "rules" => rules }]))
      said, status = Open3.capture2e("promtool", "check", "rules", "#{dir}/rules.yml")
      expect(status).to be_success, said
    end
  end
end
