# frozen_string_literal: true

require "mail_room/options/masking"
require "mail_room/options/option_tables"

RSpec.describe MailRoom::OptionTables do
  described_class::ALL.each do |table|
    describe table.title do
      it "describes each option in sentences" do
        table.options.each do |option|
          expect(option.meaning).to match(/\A[A-Z`].*[.]\z/m), "#{option.name}: #{option.meaning}"
          expect(option.value_text.to_s + option.default_text).not_to be_empty, option.name.to_s
        end
      end

      it "says of each option with a secret's name whether it is one" do
        silent = table.options.reject(&:secret?).flat_map(&:names).select { |name| MailRoom::Masking.secret_name?(name) }
        expect(silent).to eq([])
      end

      it "gives no two options one name" do
        names = table.options.flat_map(&:names)
        expect(names).to eq(names.uniq)
      end

      it "has defaults that it would accept" do
        table.options.each do |option|
          next if option.default.nil? || option.type == :verify_mode

          expect(option.coerce(option.default, option.name.to_s)).to eq(option.default), option.name.to_s
        end
      end

      it "names only tables and options that exist" do
        table.options.each do |option|
          linked = option.meaning.scan(/(?<!%)\{([a-z_]+)\}/).flatten.map(&:to_sym)
          [*linked, *(option.table if option.table.is_a?(Symbol))].each { |key| expect { described_class[key] }.not_to raise_error }
          [*option.only.keys, *(option.table if option.table.is_a?(Array))].each { |name| expect(table[name]).not_to be_nil }
        end
      end
    end
  end

  it "has every table once" do
    tables = described_class.constants.map { |name| described_class.const_get(name) }.grep(MailRoom::OptionTable)
    expect(described_class::ALL).to match_array(tables)
    expect(described_class::ALL.map(&:key).uniq.size).to eq(tables.size)
  end

  it "refuses an unknown key" do
    expect { described_class[:nothing] }.to raise_error(KeyError, "there is no table :nothing")
  end
end
