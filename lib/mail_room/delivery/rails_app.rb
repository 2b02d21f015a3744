# frozen_string_literal: true

require_relative "../errors"

module MailRoom
  module Delivery
    # For deliveries that run inside of a Rails app: finds the app's classes, and does the work as Rails wants it done.
    #
    # @api private
    module RailsApp
      class << self
        # @param name [String] the name of a constant
        # @param advice [String] what to do if it is missing
        # @return [Module]
        # @raise [ConfigurationError]
        def constant(name, advice)
          Object.const_get(name)
        rescue NameError => e
          raise unless name.split("::").include?(e.name.to_s)

          raise ConfigurationError, "there is no #{name}: #{advice}", cause: nil
        end

        # Gives database connections back afterwards, and lets development mode reload code before (Rails' executor and reloader).
        def wrap(&block)
          app = defined?(::Rails.application) && ::Rails.application
          app ? app.reloader.wrap(&block) : yield
        end
      end
    end
  end
end
