# frozen_string_literal: true

require "fileutils"

# One mailbox on the disk, in Maildir++ layout: mail is put there without a server, as a mail transfer agent does.
class Maildir
  LETTERS = { Draft: "D", Flagged: "F", Answered: "R", Seen: "S", Deleted: "T" }.freeze

  # @param root [String] the user's folder
  # @param mailbox [String] a name in ASCII; INBOX is the folder itself
  # @param owner [Etc::Passwd] whom the folders belong to
  def initialize(root, mailbox, owner:)
    @root = root
    @path = mailbox.casecmp?("INBOX") ? root : File.join(root, ".#{mailbox}")
    @owner = owner
    @count = 0
  end

  # Names count up: Dovecot numbers new mail in the order of its names.
  #
  # @param received [Time, nil] the INTERNALDATE; nil: now
  def add(raw, flags = [], received: nil)
    make_folders
    @count += 1
    name = format("%<second>d.M%<count>06dP%<pid>d.localhost", second: started, count: @count, pid: Process.pid)
    waiting = File.join(@path, "tmp", name)
    File.binwrite(waiting, raw, perm: 0o644)
    File.chown(@owner.uid, @owner.gid, waiting) if Process.uid.zero?
    File.utime(received, received, waiting) if received
    File.rename(waiting, flags.empty? ? File.join(@path, "new", name) : File.join(@path, "cur", "#{name}:2,#{letters(flags)}"))
  end

  # Without its list of UIDs a mailbox gets a new UIDVALIDITY.
  def forget_uids
    Dir.glob(File.join(@path, "dovecot{-uidlist,.index*}")).each { |file| FileUtils.rm_f(file) }
  end

  private

  def started = @started ||= Time.now.to_i

  def letters(flags) = flags.map { |flag| LETTERS.fetch(flag) }.sort.join

  def make_folders
    return if @made

    folders = [@root, @path, *%w[tmp new cur].map { |name| File.join(@path, name) }].uniq
    FileUtils.mkdir_p(folders)
    FileUtils.chown(@owner.uid, @owner.gid, folders) if Process.uid.zero?
    @made = true
  end
end
