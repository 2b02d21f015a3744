# frozen_string_literal: true

require "mail_room/check/text"
require "stringio"
require "tmpdir"

# Checks mailboxes as `mail_room check` does, in this process, and shows what it says.
module Checking
  # @param mailboxes [Array<Hash>] options of each
  # @return [Array<MailRoom::Check::Step>] of all of them
  def steps_of(*mailboxes)
    Dir.mktmpdir do |dir|
      path = File.join(dir, "config.yml")
      File.write(path, YAML.dump(mailboxes: mailboxes))
      MailRoom::Check.run(config_path: path).flat_map(&:steps)
    end
  end

  # @return [MailRoom::Check::Step] the one with this id
  def step_of(id, mailbox)
    steps = steps_of(mailbox)
    steps.find { |step| step.id == id } || raise("no #{id} among #{steps.map(&:to_h)}")
  end

  # The lines that are printed of one step.
  def lines_of(id, mailbox)
    out = StringIO.new
    step = step_of(id, mailbox)
    MailRoom::Check::Text.new(out).result(MailRoom::Check::Result.new(title: "x", steps: [step]))
    out.string.lines(chomp: true)[1..].reject(&:empty?)
  end
end
