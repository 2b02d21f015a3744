# frozen_string_literal: true

require_relative "../lib/mail_room/native"

# docs/monitoring.md with the table of metrics as the native library has them. The rest of the page is left as it is.
class MonitoringPage
  PATH = File.expand_path("../docs/monitoring.md", __dir__)
  BEGINS = "<!-- Made by `rake docs` from ext/mail_room_core/src/observe/metrics/table.rs: change it there. -->\n"
  ENDS = "<!-- end -->\n"
  private_constant :BEGINS, :ENDS

  # @return [String]
  def to_s
    page = File.read(PATH)
    before, _, rest = page.partition(BEGINS)
    [before, BEGINS, "\n", table, "\n", ENDS, rest.partition(ENDS).last].join
  end

  private

  def table
    rows = MailRoom::Native.metrics.map do |name, kind, label, help, of_a_mailbox|
      labels = [*(%w[mailbox email] if of_a_mailbox), *label].map { |name_of_label| "`#{name_of_label}`" }
      "| `#{name}` | #{kind} | #{labels.join(", ")} | #{help} |\n"
    end
    "| metric | type | labels | meaning |\n| --- | --- | --- | --- |\n#{rows.join}"
  end
end
