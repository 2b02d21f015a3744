# frozen_string_literal: true

module MailRoom
  module GitlabConfig
    # What a gitlab.rb is evaluated in: an object of its own in which every name that Ruby does not know is a setting, as in
    # GitLab's packages. `gitlab_rails['x'] = 1` sets one of a group, `external_url 'x'` sets one without; `Gitlab['x']` is
    # the same by name, `from_file` reads another file. What it finally says is in {#settings}.
    #
    # Its methods have long names: each name is one that no setting can have.
    class OmnibusFile
      # A group of settings. Its keys are names, symbol or string. As while a package reads its file, what is not there springs
      # into being, so that `nginx['a']['b'] = 1` needs no line before it.
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

        # @return [Object, nil] what was set; nil also for what only sprang into being
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

# Written this way for what it is not inside of: code evaluated here finds no constant of ours, but Ruby's.
def (MailRoom::GitlabConfig).evaluate(file, text, path)
  file.instance_eval(text, path, 1)
end
