# frozen_string_literal: true

desc "Run the specs against real servers (SPEC=path picks some)"
task spec: :compile do
  sh "rspec", *ENV.fetch("SPEC", nil)
end

namespace :spec do
  desc "Run the specs in SPEC_JOBS processes side by side (three times the processors, at least 4)"
  task parallel: :compile do
    ruby "rakelib/parallel_specs.rb"
  end

  desc "Build the compiled gem and test it as users get it, with every Ruby that it is built for"
  # compile: the specs load the tree's library, too, before they look at those of the gem.
  task native: %i[compile native] do
    sh "rspec", "--tag", "native", "--format", "documentation", "spec/native"
  end

  desc "Look at the status page with Debian's chromium, which has to be installed; screenshots go into tmp/screenshots"
  task browser: :compile do
    sh "rspec", "--tag", "browser", "spec/end_to_end/status_page_spec.rb"
  end

  desc "Run the specs that wait for our longest deadlines"
  task slow: :compile do
    sh "rspec", "--tag", "slow"
  end
end
