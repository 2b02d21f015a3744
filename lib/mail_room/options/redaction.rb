# frozen_string_literal: true

module MailRoom
  # Keeps secrets out of `inspect`, `to_s`, `p`, `pp` and everything that builds on them (error messages, consoles, error
  # trackers). Only the fields that are named here are shown, so a field that is added later is hidden. `to_h` and the readers return all
  # values.
  #
  # @example
  #   include Redaction.showing(:queue, :worker)
  module Redaction
    # @param fields [Array<Symbol>] the readers whose values may be shown
    # @return [Module] to be included into a class
    def self.showing(*fields)
      Module.new do
        define_method(:inspect) do
          shown = fields.map { |field| " #{field}=#{self[field].inspect}" }
          "#<#{self.class.name}#{shown.join(",")}>"
        end

        define_method(:to_s) { inspect }
        define_method(:pretty_print) { |printer| printer.text(inspect) }
      end
    end
  end
end
