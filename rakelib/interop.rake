# frozen_string_literal: true

desc "Work through mailboxes of Dovecot in its variants, Cyrus, Courier and GNU Mailutils; downloads Debian's packages of them"
task interop: :compile do
  sh "rspec", "--tag", "interop", "--format", "documentation", "spec/interop"
end
