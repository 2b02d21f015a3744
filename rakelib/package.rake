# frozen_string_literal: true

# The gem as it is released: pkg/gitlab-mail_room-VERSION.gem, the source, built where it is installed. Compiled gems: native.rake.

desc "Build the source gem into pkg/"
task :package do
  require_relative "../lib/mail_room/version"
  mkdir_p "pkg", verbose: false
  sh "gem", "build", "--output", "pkg/gitlab-mail_room-#{MailRoom::VERSION}.gem", "gitlab-mail_room.gemspec"
end

namespace :package do
  desc "Build the source gem with all crates in it into pkg/vendored/, for installing without a network"
  task :vendored do
    require_relative "vendored_gem"
    path = VendoredGem.new.build
    puts "#{path}: #{File.size(path)} octets"
  end
end
