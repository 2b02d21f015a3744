# frozen_string_literal: true

# What YARD warns about because it cannot run it, and what there is nothing to document about: a module made on the spot
# (`include Redaction.showing(:name)`), and `private_constant(*constants(false))`. Loaded by .yardopts.
module YardExtension
  # For `include` and `extend`.
  module Mixins
    def process_mixin(mixin)
      super if mixin.ref?
    end
  end

  # For `private_constant`.
  module Constants
    def process
      super unless statement.source.match?(/\Aprivate_constant\s*\(?\s*\*/)
    end
  end
end

YARD::Handlers::Ruby::MixinHandler.prepend(YardExtension::Mixins)
YARD::Handlers::Ruby::PrivateConstantHandler.prepend(YardExtension::Constants)
