# frozen_string_literal: true

module MailRoom
  module GitlabConfig
    # Evaluates a gitlab.rb, as GitLab's packages do: every name that Ruby does not know is a setting. `gitlab_rails['x'] = 1` sets a
    # setting of a group, `external_url 'x'` one without a group, and `Gitlab['x']` does the same by name. `from_file` reads another
    # file. {#settings} has the result.
    #
    # Its methods have long names: each name is one that no setting can have.
    class OmnibusFile
      # A group of settings. Its keys are names, symbol or string. As in GitLab's packages, a missing setting is
      # created when it is read, so that `nginx['a']['b'] = 1` needs no line before it.
      class Group < Hash
        def [](key)
          key?(key) ? super(key.to_s) : store(key, self.class.new)
        end

        def []=(key, value)
          super(key.to_s, value)
        end
        alias store []=

        def key?(key)
          super(key.to_s)
        end

        # @return [Object, nil] what was set; nil also for a setting that was only read
        def value(key)
          value = fetch(key.to_s, nil)
          value unless value.is_a?(Group) && value.empty?
        end
      end

      # Where `Gitlab['external_url'] = 'x'` goes.
      class Names
        def initialize(settings)
          @settings = settings
        end

        def [](name) = @settings[name]

        def []=(name, value)
          @settings[name] = value
        end

        def method_missing(name, *arguments)
          name.end_with?("=") ? self[name.to_s.chomp("=")] = arguments.first : self[name]
        end

        def respond_to_missing?(*) = true
      end

      # @return [Group]
      attr_reader :settings

      def initialize
        @settings = Group.new
        # Found before a host's own Gitlab: GitLab may be the one that loads us.
        singleton_class.const_set(:Gitlab, Names.new(@settings))
      end

      # @param path [String] of a further file
      def from_file(path)
        MailRoom::GitlabConfig.evaluate(self, File.read(path, encoding: "bom|utf-8"), path)
      end

      def method_missing(name, *arguments)
        return settings[name.to_s.chomp("=")] if arguments.empty?

        settings[name.to_s.chomp("=")] = arguments.size == 1 ? arguments.first : arguments
      end

      def respond_to_missing?(*) = true
    end
  end
end

# Defined outside of the module, so that the evaluated code sees Ruby's constants and none of ours.
def (MailRoom::GitlabConfig).evaluate(file, text, path)
  file.instance_eval(text, path, 1)
end
