# frozen_string_literal: true

require_relative "lib/mail_room/version"
require_relative "rakelib/commit"

Commit.write

Gem::Specification.new do |spec|
  spec.name = "gitlab-mail_room"
  spec.version = MailRoom::VERSION
  spec.authors = ["The gitlab-mail_room contributors"]
  spec.summary = "Watches mailboxes and hands every message to your application, once"
  spec.description = <<~TEXT
    mail_room waits for mail in IMAP mailboxes and pushes each message to where your application works on it, such as
    Sidekiq. A native core, written in Rust, does the waiting, fetching and delivering: no message is lost when a process
    dies, and memory stays bounded whatever the backlog. Configuration, command line and Ruby classes are those of mail_room.
  TEXT
  spec.license = "MIT"
  spec.metadata = { "rubygems_mfa_required" => "true" }
  # The release workflows say where the source is: whoever verifies a gem has to know.
  if (repository = ENV.fetch("MAIL_ROOM_REPOSITORY", nil))
    spec.homepage = repository
    spec.metadata["source_code_uri"] = "#{repository}/tree/v#{spec.version}"
    spec.metadata["changelog_uri"] = "#{repository}/blob/v#{spec.version}/CHANGELOG.md"
  end

  spec.required_ruby_version = ">= 3.0"

  # What is needed to build and to run, by name: no tests, benches or build products.
  spec.files = Dir.chdir(__dir__) do
    Dir[
      "Cargo.{toml,lock}",
      "ext/*/{Cargo.toml,build_folder.rb,crates.rb,extconf.rb,stored_bindings.rb,toolchain.rb,build.rs,COMMIT}",
      "ext/rb_sys_build/bindings/*.{c,h,rs,txt}",
      "ext/*/src/**/*.{rs,lua}",
      "lib/**/*.rb",
      "exe/mail_room",
      "sig/**/*.{rbs,yaml}", ".yardopts", "rakelib/yard_extension.rb",
      "README.md", "CHANGELOG.md", "SECURITY.md", "LICENSE", "THIRD_PARTY_LICENSES.txt",
      "docs/*.md", "contrib/{systemd,init.d,container,helm}/*"
    ].sort
  end
  spec.bindir = "exe"
  spec.executables = ["mail_room"]
  spec.extensions = ["ext/mail_room_native/extconf.rb"]
  spec.require_paths = ["lib"]

  spec.add_dependency "logger", "~> 1.4" # a bundled gem, which Bundler hides unless somebody asks for it
  spec.add_dependency "net-imap", ">= 0.2", "< 2" # likewise: hosts use Net::IMAP through us, we never load it ourselves
  spec.add_dependency "rb_sys", "~> 0.9", ">= 0.9.87" # builds the extension
end
