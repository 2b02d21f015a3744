# frozen_string_literal: true

desc "Run the specs against real servers (SPEC=path picks some)"
task spec: :compile do
  sh "rspec", *ENV.fetch("SPEC", nil)
end
