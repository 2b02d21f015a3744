# frozen_string_literal: true

# The layout of lib and of its specs. A unit is a file of lib/mail_room together with the folder of the same name.
RSpec.describe "the layout" do
  root = File.expand_path("..", __dir__)
  # From the bottom to the top: a unit may load the units before it, and no other.
  units = %w[
    version errors native output message imap match logger options jwt matcher registry delivery arbitration mailbox config gitlab_config
    health_check configuration progress crash_handler watch mailbox_watcher coordinator check cli tasks
  ]
  sources = Dir.glob("lib/mail_room/**/*.rb", base: root).sort
  unit_of = ->(path) { path.delete_prefix("lib/mail_room/").split("/").first.delete_suffix(".rb") }

  it "has a place for every file" do
    expect(sources.map(&unit_of).uniq).to match_array(units)
  end

  sources.each do |source|
    it "loads downwards only: #{source}" do
      loaded = File.read(File.join(root, source)).scan(/^ *require_relative "([^"]+)"$/).flatten.map do |path|
        unit_of.call(File.join(File.dirname(source), "#{path}.rb").then { |joined| File.expand_path(joined, "/").delete_prefix("/") })
      end
      own = units.index(unit_of.call(source))
      upwards = loaded.uniq.reject { |unit| unit == unit_of.call(source) || units.index(unit) < own }
      expect(upwards).to eq([])
    end
  end

  it "knows no file of more than 300 lines" do
    long = [*sources, *Dir.glob("{lib/*.rb,rakelib/*}", base: root)].select { |path| File.foreach(File.join(root, path)).count > 300 }
    expect(long).to eq([])
  end

  it "has a spec in spec/mail_room only where lib has the file" do
    specs = Dir.glob("mail_room/**/*_spec.rb", base: __dir__).map { |path| path.sub(/_spec\.rb\z/, ".rb") }
    expect(specs.reject { |path| File.exist?(File.join(root, "lib", path)) }).to eq([])
  end
end
