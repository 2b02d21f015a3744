# frozen_string_literal: true

# Writes the commit of a checkout into ext/mail_room_native/COMMIT, from where it gets into the library (build.rs) and into the gem.
# Without git or a repository, as in an unpacked gem, the file stays as it is.
module Commit
  ROOT = File.expand_path("..", __dir__)
  FILE = File.join(ROOT, "ext/mail_room_native/COMMIT")

  def self.write
    # Not the commit of a repository around us, such as an application's that has us below vendor/.
    return unless File.exist?(File.join(ROOT, ".git"))

    commit = IO.popen(%w[git rev-parse HEAD], chdir: ROOT, err: File::NULL, &:read).strip
    return unless commit.match?(/\A\h{40,64}\z/)

    File.write(FILE, "#{commit}\n") unless File.exist?(FILE) && File.read(FILE).strip == commit
  rescue SystemCallError
    nil # no git, or a tree that may not be written to
  end
end
