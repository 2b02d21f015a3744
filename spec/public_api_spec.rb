# frozen_string_literal: true

require "mail_room/check"
require_relative "../rakelib/public_api"

RSpec.describe "the public API" do
  it "is the one that spec/public_api.txt lists" do
    expect(PublicApi.new.to_s.lines).to eq(File.readlines(PublicApi::PATH)), <<~WHY
      spec/public_api.txt differs from the code. Something that is gone breaks apps. If the change is meant, run `rake api`.
    WHY
  end

  it "lists the constants, members and methods of a class" do
    expect(PublicApi.new.to_s).to include(<<~TEXT)
      MailRoom::Delivery::LetterOpener::Options < Struct
        members: location
        .new(mailbox)
        #location()
        #location=(_)
    TEXT
  end
end
