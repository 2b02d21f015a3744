# frozen_string_literal: true

require "open3"

# Applications that run with `ruby -w` see the warnings of all libraries that they load.
RSpec.describe "Ruby's warnings" do
  let(:lib) { File.expand_path("../lib", __dir__) }

  it "are not about any file of this library" do
    script = 'require "mail_room"; ARGV.each { |path| require path }; puts $LOADED_FEATURES.grep(%r{/mail_room/}).size'
    # Units first, which load what is in their folders in the right order.
    files = Dir.glob(File.join(lib, "mail_room/**/*.rb")).sort_by { |path| [path.count("/"), path] }
    out, err, status = Open3.capture3(RbConfig.ruby, "-w", "-I", lib, "-e", script, *files)
    expect([status, err]).to match([be_success, ""])
    expect(out.to_i).to be >= files.size
  end
end
