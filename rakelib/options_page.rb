# frozen_string_literal: true

require_relative "../lib/mail_room/options/option_tables"

# docs/options.md, made from the tables of options and from what the executable says about itself.
class OptionsPage
  ROOT = File.expand_path("..", __dir__)
  PATH = File.join(ROOT, "docs/options.md")
  # The executable's commands.
  COMMANDS = %w[check config match status].freeze
  private_constant :COMMANDS, :ROOT

  # @return [String]
  def to_s
    [<<~HEAD, *MailRoom::OptionTables::ALL.map { |table| section(table) }, command_line].join("\n")
      # Options

      Made by `rake docs` from the tables in lib/mail_room/options/tables: change it there.

      An option may be written with or without a colon before its name. Numbers may be written as text, and text as numbers. An unknown
      option is ignored with a warning. Several names in one row mean the same option; the first one that is given counts.
    HEAD
  end

  # @return [String] the anchor of a table's heading
  def self.anchor(title)
    title.downcase.gsub(/[^\w\- ]/, "").tr(" ", "-")
  end

  private

  def section(table)
    included = table.included.map { |other| "It also has the #{link(other)}." }
    rows = table.own.map do |option|
      row = [option.names.join(", "), option.value_text, option.default_text, meaning(table, option)]
      "| #{row.map { |cell| linked(cell).gsub("|", "\\|") }.join(" | ")} |"
    end
    [["## #{table.title}"], linked([table.about, *included].join(" ")),
     ["| option | value | default | meaning |", "| --- | --- | --- | --- |", *rows].join("\n")].join("\n\n").concat("\n")
  end

  def meaning(table, option)
    only = option.only.reject { |_, values| option.meaning.match?(/\b#{Regexp.union(values)}\b/) }
    return option.meaning if only.empty? || table.key != :mailbox

    "#{option.meaning} Only for #{only.map { |other, values| "`#{other}: #{values.join("` or `")}`" }.join(" and ")}."
  end

  # What the executable says about itself.
  def command_line
    helps = ["", *COMMANDS].map do |command|
      help = IO.popen([RbConfig.ruby, File.join(ROOT, "exe/mail_room"), *command, "--help"].reject(&:empty?), &:read)
      "```\n#{help}```\n"
    end
    "## The command line\n\n#{helps.join("\n")}"
  end

  # `{tls}` as a link to the table with that key. `%{key}` is something else.
  def linked(text)
    text.to_s.gsub(/(?<!%)\{([a-z_]+)\}/) { link(MailRoom::OptionTables[Regexp.last_match(1).to_sym]) }
  end

  def link(table)
    "[#{table.title}](##{self.class.anchor(table.title)})"
  end
end
