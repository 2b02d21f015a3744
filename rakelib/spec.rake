# frozen_string_literal: true

desc "Run the specs against real servers (SPEC=path picks some)"
task spec: :compile do
  sh "rspec", *ENV.fetch("SPEC", nil)
end

namespace :spec do
  desc "Run the specs that wait for our longest deadlines"
  task slow: :compile do
    sh "rspec", "--tag", "slow"
  end
end
