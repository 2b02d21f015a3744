# frozen_string_literal: true

desc "Write docs/options.md, sig/mail_room/options.rbs and the table in docs/monitoring.md from the code"
task :docs do
  $LOAD_PATH.unshift("lib")
  require "mail_room"
  require_relative "options_page"
  require_relative "options_signatures"
  require_relative "monitoring_page"
  [[OptionsPage::PATH, OptionsPage.new], [OptionsSignatures::PATH, OptionsSignatures.new],
   [MonitoringPage::PATH, MonitoringPage.new]].each do |path, page|
    mkdir_p File.dirname(path), verbose: false
    File.write(path, page.to_s)
  end
end

desc "Write spec/public_api.txt anew, after a change that is meant"
task :api do
  $LOAD_PATH.unshift("lib")
  require "mail_room"
  require "mail_room/check"
  require_relative "public_api"
  File.write(PublicApi::PATH, PublicApi.new.to_s)
end
