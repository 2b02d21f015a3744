# frozen_string_literal: true

namespace :bench do
  desc "How fast a backlog is drained, and in how much memory"
  task drain: :compile do
    ruby "bench/drain.rb"
  end

  desc "How soon a mail arrives, and how soon after the start"
  task latency: :compile do
    ruby "bench/latency.rb"
  end

  desc "How long installing takes and requiring, and how big it all is (BEFORE=commit: that one, too; needs what `rake native` has built)"
  task :install do
    ruby "bench/install.rb"
  end

  desc "How long a scrape of 500 mailboxes takes"
  task scrape: :compile do
    ruby "bench/scrape.rb"
  end

  desc "How fast mail goes through a Ruby class"
  task hooks: :compile do
    ruby "-Ilib", "bench/hooks.rb"
  end

  desc "How fast it is found out what a message is for, beside the mail gem"
  task match: :compile do
    ruby "bench/match.rb"
  end
end
