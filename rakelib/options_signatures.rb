# frozen_string_literal: true

require_relative "../lib/mail_room/options/option_tables"

# sig/mail_room/options.rbs, made from the tables of options: the members of Mailbox and of the classes Options, and the names that a
# mapping of options may have.
class OptionsSignatures
  PATH = File.expand_path("../sig/mail_room/options.rbs", __dir__)
  # The Structs that are made from tables, with their tables.
  TABLES = {
    "Mailbox" => :mailbox, "Delivery::Sidekiq::Options" => :sidekiq, "Delivery::Postback::Options" => :postback,
    "Delivery::Que::Options" => :que, "Delivery::ActionMailbox::Options" => :action_mailbox,
    "Delivery::ActiveJob::Options" => :active_job, "Delivery::Command::Options" => :command,
    "Arbitration::Redis::Options" => :redis_arbitration
  }.freeze
  # Members that are no options.
  OTHERS = { logger: "::Logger", jwt: "JWT" }.freeze
  private_constant :TABLES, :OTHERS

  # @return [String]
  def to_s
    <<~RBS
      # Made by `rake docs` from the tables in lib/mail_room/options/tables: change it there.
      module MailRoom
      #{[*MailRoom::OptionTables::ALL.map { |table| names(table) }, *TABLES.keys.map { |name| struct(name) }].join("\n").chomp}
      end
    RBS
  end

  private

  # A type for the mapping, whose symbol keys are the names of the options.
  def names(table)
    keys = table.names.map(&:inspect).join(" | ")
    "#{comment("#{table.title}: #{table.about}", "  ")}  type #{table.key}_options = Hash[#{keys} | String, untyped]\n"
  end

  def struct(name)
    table = MailRoom::OptionTables[TABLES.fetch(name)]
    klass = MailRoom.const_get(name)
    members = klass.members.map do |member|
      option = table.options.find { |row| row.name == member }
      # A reader that the class itself defines is described where the class is.
      attribute = klass.instance_method(member).source_location && klass == MailRoom::Mailbox ? "attr_writer" : "attr_accessor"
      "#{option ? comment(option.meaning, "    ") : ""}    #{attribute} #{member}: #{option ? option.signature : OTHERS.fetch(member)}\n"
    end
    # A Mailbox is described in sig/mail_room.rbs.
    members << "    def initialize: (Mailbox mailbox) -> void\n" unless klass == MailRoom::Mailbox
    "  class #{name} < Struct[untyped]\n#{members.join("\n")}  end\n"
  end

  def comment(text, indent)
    plain = text.gsub(/(?<!%)\{([a-z_]+)\}/) { MailRoom::OptionTables[Regexp.last_match(1).to_sym].title }
    plain.scan(/\S.{0,110}(?=\s|\z)/).map { |line| "#{indent}# #{line}\n" }.join
  end
end
