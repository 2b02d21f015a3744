# frozen_string_literal: true

desc "Write docs/options.md anew, from the code"
task :docs do
  $LOAD_PATH.unshift("lib")
  require_relative "options_page"
  File.write(OptionsPage::PATH, OptionsPage.new.to_s)
end
