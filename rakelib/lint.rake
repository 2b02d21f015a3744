# frozen_string_literal: true

namespace :lint do
  desc "rustfmt and clippy, warnings are errors"
  task :rust do
    sh "cargo", "fmt", "--all", "--check"
    sh "cargo", "clippy", "--workspace", "--all-targets", "--release", "--locked", "--", "-D", "warnings"
    # What makes bindings is compiled with this feature only.
    sh "cargo", "clippy", "--package", "rb-sys-build", "--all-features", "--all-targets", "--release", "--locked", "--", "-D", "warnings"
  end

  desc "RuboCop"
  task :ruby do
    sh "rubocop", "--parallel"
  end
end

desc "All linters"
task lint: %w[lint:rust lint:ruby]
