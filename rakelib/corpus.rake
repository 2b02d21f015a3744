# frozen_string_literal: true

# Opt-in: the matcher on a folder of real mails, CORPUS=path. Its addresses are those of GitLab's fixtures.
desc "Match every mail below CORPUS; each that carries a key in a header must have it found"
task corpus: :compile do
  $LOAD_PATH.unshift("lib")
  require "mail_room"
  files = Dir[File.join(ENV.fetch("CORPUS"), "**", "*.eml")]
  abort "no mails in CORPUS" if files.empty?

  matchers = %w[reply incoming].map do |local|
    MailRoom::Matcher.new(address: "#{local}+%{key}@appmail.adventuretime.ooo", gitlab_host: "localhost", auto_replies: :deliver)
  end
  # Not our reading of headers: anything that looks like a key, before the first empty line.
  carries = /(?:\b(?:reply|incoming)\+[^@\s<>"]+@appmail\.adventuretime\.ooo|<reply-[^@\s<>]+@localhost>)/i
  carrying = 0
  missed = []
  files.each do |file|
    raw = File.binread(file)
    found = matchers.map { |matcher| matcher.match(raw) }.find(&:accepted?)
    next unless raw.split(/\r?\n\r?\n/, 2).first.to_s.match?(carries)

    carrying += 1
    missed << file unless found
  end
  puts "#{files.size} mails, #{carrying} carry a key, missed: #{missed.empty? ? "none" : missed.join(", ")}"
  exit(1) unless missed.empty? && carrying.positive?
end
