# frozen_string_literal: true

require_relative "../errors"
require_relative "option"
require_relative "option_reader"
require_relative "suggestion"

module MailRoom
  # The options of one mapping in a configuration. What is checked, what the native library gets, what `mail_room config` masks, what
  # an unknown option may have meant, docs/options.md and sig/mail_room/options.rbs all come from it.
  #
  # @api private
  class OptionTable
    # Collects the rows of a table.
    class Rows
      attr_reader :options, :included

      def initialize
        @options = []
        @included = []
      end

      # Adds a row. See {Option#initialize}.
      def option(name, type, meaning, **rest)
        @options << Option.new(name, type, meaning, **rest)
      end

      # Adds the rows of another table. The reference links to it.
      def include_table(table)
        @included << table
      end
    end

    # @return [Symbol] what other tables call it
    attr_reader :key
    # @return [String] the heading in the reference
    attr_reader :title
    # @return [String] what a warning says that the options are options of
    attr_reader :scope
    # @return [String] the paragraph below the heading, in Markdown
    attr_reader :about
    # @return [Array<Option>] its own rows
    attr_reader :own
    # @return [Array<OptionTable>]
    attr_reader :included
    # @return [Array<Option>] its rows and those of the tables it includes
    attr_reader :options
    # @return [Hash{Symbol=>String}] where the table belongs: the option that chooses it and its value, such as `delivery_method`
    attr_reader :chosen_by

    # @param beside [OptionTable, nil] a table whose options are accepted in this mapping, too, but read by somebody else
    # @param strict [Boolean] whether an unknown option is an error and not only a warning
    # @yield [Rows]
    def initialize(key, title:, scope:, about:, chosen_by: {}, beside: nil, strict: false, &block)
      @key = key
      @title = title
      @scope = scope
      @about = about
      @chosen_by = chosen_by
      @beside = beside
      @strict = strict
      rows = Rows.new.tap { |made| made.instance_eval(&block) }
      @own = rows.options.freeze
      @included = rows.included.freeze
      @options = [*rows.included.flat_map(&:options), *own].freeze
      @by_name = options.flat_map { |option| option.names.map { |name| [name, option] } }.to_h.freeze
      freeze
    end

    # @return [Option, nil] the row with this name
    def [](name)
      @by_name[name]
    end

    # @return [Array<Symbol>] every name that a configuration may use
    def names
      [*@by_name.keys, *@beside&.names]
    end

    # @return [Array<Symbol>] one name for each option that is a value of its own
    def members
      options.reject(&:part_of).map(&:name)
    end

    # @return [Array<Symbol>] the options that `inspect` may show
    def shown
      options.select(&:shown?).map(&:name)
    end

    # @return [Hash{Symbol=>Object}] the options that have a default
    def defaults
      options.reject { |option| option.default.nil? }.to_h { |option| [option.name, option.default] }
    end

    # @param option [Option] one of the table
    # @param settings [#[]] the options that are set
    # @return [Boolean] whether the option has a meaning beside them
    def applies?(option, settings)
      option.only.all? { |other, values| values.include?((settings[other] || self[other].default).to_s) }
    end

    # @param given [Hash, nil] the options as configured
    # @param where [String] what they belong to, for errors
    # @param scope [String] what a warning says that the options are options of
    # @param names [Array<Symbol>, nil] the names that are known
    # @param options [Array<Option>] the rows to read
    # @return [Hash{Symbol=>Object}] each of those options with its value
    # @raise [ConfigurationError] naming the option
    def read(given, where:, scope: self.scope, names: self.names, options: self.options)
      reader = OptionReader.new(given, where: where)
      check_names(reader, names, scope)
      options.to_h { |option| [option.name, option.read(reader)] }
    end

    # @param values [#[]] by the names of the options
    # @param options [Array<Option>] the rows to convert
    # @return [Hash{String=>Object}] the options that are passed on as they are, for the native library
    def native(values, options = self.options)
      options.each_with_object({}) do |option, native|
        next if option.native.nil?

        *outer, last = option.native.split(".")
        outer.reduce(native) { |hash, key| hash[key] ||= {} }[last] = values[option.name]
      end
    end

    private

    # Warns about each unknown option, or refuses it.
    def check_names(reader, names, scope)
      return reader.warn_unknown(names, scope) unless @strict

      unknown = (reader.keys - names).first or return
      raise ConfigurationError, "#{reader.field(unknown)} is not supported#{Suggestion.hint(unknown, names)}: " \
                                "#{scope} are #{names.join(", ")}"
    end
  end
end
