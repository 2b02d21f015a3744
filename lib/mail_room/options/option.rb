# frozen_string_literal: true

require_relative "../errors"
require_relative "option_types"

module MailRoom
  # One row of an {OptionTable}: everything there is to say about one option.
  #
  # @api private
  class Option
    # @return [Symbol] what the option is called where its value is used
    attr_reader :name
    # @return [Array<Symbol>] the names that a configuration may use; the first one that is given counts
    attr_reader :names
    # @return [Symbol] a method of {OptionTypes}
    attr_reader :type
    # @return [String] what the option does, in Markdown; `{name}` links to the table of that name
    attr_reader :meaning
    # @return [Object, nil] the value where none is given
    attr_reader :default
    # @return [Range, nil] of an integer
    attr_reader :range
    # @return [Array<String>, nil] of a choice
    attr_reader :values
    # @return [Boolean] whether a choice may be written in any case
    attr_reader :ignore_case
    # @return [String, nil] of the value, such as `seconds`
    attr_reader :unit
    # @return [String, nil] the place of the value in the hash for the native library, such as `database.host`; nil if it is not passed
    #   on as it is
    attr_reader :native
    # @return [Symbol, Array<Symbol>, nil] the table of the value, if the value is a mapping; or the options that choose the table
    attr_reader :table
    # @return [Symbol, nil] the member of the deliverer's Options that the option is a part of, if it has no member of its own
    attr_reader :part_of
    # @return [Hash{Symbol=>Array<String>}] what other options must be for this one to have a meaning
    attr_reader :only

    # @param required [Boolean] whether nil is an error
    # @param secret [Boolean] whether the value is masked where options are shown
    # @param shown [Boolean] whether `inspect` may show the value
    # @param single_line [Boolean] whether CR, LF and NUL are errors
    # @param null [Symbol, nil] `:default` if an explicit null means the default, in a table where it otherwise counts as given
    # @param format [(#===, String), nil] what the value must match, and the error otherwise, without its field
    # @param elsewhere [Symbol] what becomes of the option where `only` does not hold: `:ignored` or `:refused`
    # @param value_text [String, nil] the description of the value in the reference
    # @param default_text [String, nil] the description of the default in the reference
    def initialize(name, type, meaning, names: [name], default: nil, range: nil, values: nil, ignore_case: false, unit: nil,
                   required: false, secret: false, shown: false, single_line: false, null: nil, format: nil, native: name.to_s,
                   table: nil, part_of: nil, only: {}, elsewhere: :ignored, value_text: nil, default_text: nil)
      @name = name
      @type = type
      @meaning = meaning
      @names = names
      @default = default.freeze
      @range = range
      @values = values
      @ignore_case = ignore_case
      @unit = unit
      @required = required
      @secret = secret
      @shown = shown
      @single_line = single_line
      @null = null
      @format = format
      @native = native || nil
      @table = table
      @part_of = part_of
      @only = only
      @elsewhere = elsewhere
      @value_text = value_text
      @default_text = default_text
      freeze
    end

    def required? = @required
    def secret? = @secret
    def shown? = @shown
    def null_is_default? = @null == :default
    def refused_elsewhere? = @elsewhere == :refused

    # @param value [Object] as it was given
    # @param field [String] the option in the words of an error
    # @return [Object, nil] in the option's type
    # @raise [ConfigurationError]
    def coerce(value, field)
      coerced = OptionTypes.public_send(type, value, field, self)
      return coerced unless coerced.is_a?(String)
      raise ConfigurationError, "#{field} must not contain CR, LF or NUL" if @single_line && coerced.match?(/[\r\n\0]/)
      raise ConfigurationError, "#{field} #{@format.last}" unless @format.nil? || @format.first === coerced # rubocop:disable Style/CaseEquality

      coerced
    end

    # @param reader [OptionReader]
    # @return [Object, nil] the first value that is given under one of the names, else the default
    # @raise [ConfigurationError]
    def read(reader)
      value = names.lazy.map { |name| coerce(reader.raw(name), reader.field(name)) }.find { |found| !found.nil? }
      value = default if value.nil?
      raise ConfigurationError, "#{reader.field(name)} is required" if value.nil? && required?

      value
    end

    # @return [String] what the value may be, for the reference
    def value_text
      described = @value_text || values&.join(", ") || OptionTypes::DESCRIPTIONS.fetch(type)
      [described, range_text, unit].compact.join(", ")
    end

    # @return [String] what the default is, for the reference
    def default_text
      return @default_text if @default_text
      return "(required)" if required? && default.nil?

      default.nil? ? "none" : default.to_s
    end

    # @return [String] the type of a reader of the value, in the words of RBS. It may be nil: null counts as given.
    def signature
      type = OptionTypes::SIGNATURES.fetch(self.type)
      return type if type == "untyped"

      type.include?(" ") ? "(#{type})?" : "#{type}?"
    end

    private

    def range_text
      return if range.nil?
      return "up to #{range.end}" if range.begin.nil?

      range.end ? "#{range.begin} to #{range.end}" : "from #{range.begin}"
    end
  end
end
