# frozen_string_literal: true

# docs/options.md, made of what stands in the code: the comments beside the members of Mailbox, and the tables above the classes
# that read options. A new table turns up by itself. Decides nothing about options.
class OptionsPage
  ROOT = File.expand_path("..", __dir__)
  PATH = File.join(ROOT, "docs/options.md")
  MAILBOX = "lib/mail_room/mailbox.rb"
  # In which order tables are shown; the others follow.
  FIRST = %w[delivery/sidekiq delivery/postback delivery/que arbitration/redis redis_options tls_options matching_options].freeze
  TITLES = { "Section" => "GitLab's sections", "TlsOptions" => "TLS options" }.freeze
  # The executable's.
  COMMANDS = %w[check config match].freeze
  private_constant :COMMANDS, :ROOT, :MAILBOX, :FIRST, :TITLES

  # An option as it is documented.
  Option = Struct.new(:names, :meaning, :default)
  # A table: its title, what stands above it, and its options.
  Table = Struct.new(:title, :klass, :intro, :options)

  # @return [Array<Table>] the mailbox's first
  def tables
    @tables ||= [mailbox, *files.filter_map { |file| table(file) }]
  end

  # @return [String]
  def to_s
    [<<~HEAD, *tables.map { |table| section(table) }, command_line].join("\n")
      # Options

      Made by `rake docs` of what stands in the code: change it there.

      Options of a mailbox stand in its entry of `:mailboxes:`, with or without a colon before their name; those below in mappings of
      their own. Numbers may be written as text, and text as numbers. An unknown option is ignored with a warning. GitLab's own files
      are in [gitlab.md](gitlab.md).
    HEAD
  end

  private

  def files
    all = Dir.glob("lib/mail_room/**/*.rb", base: ROOT).sort - [MAILBOX]
    all.sort_by.with_index { |file, index| [FIRST.index { |name| file.end_with?("/#{name}.rb") } || FIRST.size, index] }
  end

  def mailbox
    require File.join(ROOT, "lib/mail_room")
    struct = read(MAILBOX)[/Mailbox = Struct\.new\((.*?)keyword_init/m, 1]
    options = struct.scan(/^\s*:(\w+),\s*# (.*(?:\n\s+# .*)*)/).map do |name, comment|
      meaning, default = comment.gsub(/\s*\n\s*#\s*/, " ").then { |text| split(name.to_sym, text) }
      Option.new([name], meaning, default)
    end
    Table.new("A mailbox", "Mailbox", nil, options)
  end

  # A default stands behind the last semicolon, if it is one.
  def split(name, text)
    meaning, semicolon, last = text.rpartition("; ")
    return [meaning, "(required)"] if last == "required"

    default = MailRoom::Mailbox::DEFAULTS.fetch(name) { return [text, ""] }.to_s
    return ["", default] if text == default

    semicolon.empty? || default != last ? [text, default] : [meaning, default]
  end

  def table(file)
    comment = read(file)[/^ *# \| key.*?(?=^ *(?!#)\S)/m] or return
    lines = comment.lines.map { |line| line.strip.delete_prefix("#").strip }
    rows = lines.join("\n").scan(/^\|.*?\|$(?!\n[^|\n])/m).map { |row| row.tr("\n", " ") }
    options = rows.drop(2).map { |row| option(row) }
    klass = class_above(file)
    Table.new(title(lines.first, klass), klass, intro(file), options)
  end

  def option(row)
    names, meaning, default = row.delete_prefix("|").delete_suffix("|").split(/(?<!\\)\|/).map(&:strip)
    Option.new(names.delete("`").split(/,\s*|\s*\(or\s*|\)/).reject(&:empty?), meaning, default)
  end

  def title(head, klass)
    of = head[/key of (\w+)/, 1]
    of ? "#{of}: #{klass.downcase}" : TITLES.fetch(klass) { klass.gsub(/(?<=[a-z])(?=[A-Z])/, " ").capitalize }
  end

  def class_above(file)
    read(file)[/^ *# \| key.*?^ *(?:class|module) (\w+)/m, 1]
  end

  # What stands above the table, without what is for readers of the code.
  def intro(file)
    before = read(file)[/((?:^ *#(?! \|).*\n)+)(?=^ *# \| key)/, 1]
    before.to_s.lines.map { |line| line.strip.delete_prefix("#").strip }.take_while { |line| !line.start_with?("@") }
      .join(" ").strip
  end

  def section(table)
    rows = table.options.map { |option| "| #{option.names.join(", ")} | #{linked(option.meaning)} | #{linked(option.default)} |" }
    ["## #{table.title}", *(linked(table.intro) if table.intro),
     "| option | meaning | default |\n| --- | --- | --- |\n#{rows.join("\n")}\n"]
      .join("\n\n")
  end

  # What the executable says about itself.
  def command_line
    helps = ["", *COMMANDS].map do |command|
      help = IO.popen([RbConfig.ruby, File.join(ROOT, "exe/mail_room"), *command, "--help"].reject(&:empty?), &:read)
      "```\n#{help}```\n"
    end
    "## The command line\n\n#{helps.join("\n")}"
  end

  # `{TlsOptions}`, or the bare name of a class with a table, as a link to its table.
  def linked(text)
    text.to_s.gsub(/\{([A-Z]\w+)\}|\b([A-Z]\w+Options)\b/) do |word|
      name = Regexp.last_match(1) || Regexp.last_match(2)
      table = tables.find { |candidate| candidate.klass == name }
      table ? "[#{table.title}](##{anchor(table.title)})" : word.delete("{}")
    end
  end

  def anchor(title)
    title.downcase.gsub(/[^\w\- ]/, "").tr(" ", "-")
  end

  def read(file)
    File.read(File.join(ROOT, file))
  end
end
