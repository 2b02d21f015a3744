# frozen_string_literal: true

# The gem as it is released: pkg/gitlab-mail_room-VERSION.gem, the source, built where it is installed.
#
# Link-time optimisation costs minutes and is off in the tree. Who packages a compiled gem or an image asks for it:
#   CARGO_PROFILE_RELEASE_LTO=fat gem install pkg/gitlab-mail_room-VERSION.gem

desc "Build the source gem into pkg/"
task :package do
  require_relative "../lib/mail_room/version"
  mkdir_p "pkg", verbose: false
  sh "gem", "build", "--output", "pkg/gitlab-mail_room-#{MailRoom::VERSION}.gem", "gitlab-mail_room.gemspec"
end
