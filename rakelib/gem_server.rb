# frozen_string_literal: true

require "digest"
require "rubygems/package"
require "socket"
require "zlib"

# A gem server on the loopback: the compact index, which Bundler and newer RubyGems ask, and the specifications of
# older ones. Nothing but what comes with Ruby, so that it runs beside what it serves, in any image.
#
#   GemServer.new(Dir["pkg/*.gem"]).serve { |url| system("gem", "install", "--clear-sources", "--source", url, "gitlab-mail_room") }
class GemServer
  # Seconds that a client may take for its request.
  PATIENCE = 10
  private_constant :PATIENCE

  # @param paths [Array<String>] of the gems, in the order in which they are listed
  def initialize(paths)
    @gems = paths.map { |path| [path, Gem::Package.new(path).spec] }
    @files = index.merge(@gems.to_h { |path, _spec| ["/gems/#{File.basename(path)}", File.binread(path)] })
  end

  # @yieldparam url [String]
  def serve
    server = TCPServer.new("127.0.0.1", 0)
    thread = Thread.new { loop { Thread.new(server.accept) { |socket| answer(socket) } } }
    yield "http://127.0.0.1:#{server.addr[1]}"
  ensure
    thread&.kill&.join
    server&.close
  end

  private

  # What follows the name in the file's: older RubyGems reads another platform from some gems than they have.
  def version(path, spec) = File.basename(path, ".gem").delete_prefix("#{spec.name}-")

  def index
    lists = { "specs" => tuples, "latest_specs" => tuples, "prerelease_specs" => [] }
    compact.merge(specifications, lists.to_h { |name, list| ["/#{name}.4.8.gz", Zlib.gzip(Marshal.dump(list))] })
  end

  def compact
    infos = @gems.group_by { |_path, spec| spec.name }.transform_values { |gems| "---\n#{gems.map { |gem| line(*gem) }.join}" }
    versions = infos.map do |name, info|
      named = @gems.select { |_path, spec| spec.name == name }.map { |gem| version(*gem) }
      "#{name} #{named.join(",")} #{Digest::MD5.hexdigest(info)}\n"
    end
    { "/versions" => "created_at: 2000-01-01T00:00:00Z\n---\n#{versions.join}", "/names" => "---\n#{infos.keys.join("\n")}\n" }
      .merge(infos.transform_keys { |name| "/info/#{name}" })
  end

  def line(path, spec)
    needed = spec.runtime_dependencies.map { |dependency| "#{dependency.name}:#{written(dependency.requirement)}" }
    rest = ["checksum:#{Digest::SHA256.file(path).hexdigest}", "ruby:#{written(spec.required_ruby_version)}"]
    rest << "rubygems:#{written(spec.required_rubygems_version)}" unless spec.required_rubygems_version.none?
    "#{version(path, spec)} #{needed.join(",")}|#{rest.join(",")}\n"
  end

  def written(requirement) = requirement.requirements.map { |operator, version| "#{operator} #{version}" }.join("&")

  def specifications
    @gems.to_h { |path, spec| ["/quick/Marshal.4.8/#{File.basename(path, ".gem")}.gemspec.rz", Zlib.deflate(Marshal.dump(spec))] }
  end

  def tuples
    @gems.map do |path, spec|
      number, platform = version(path, spec).split("-", 2)
      [spec.name, Gem::Version.new(number), platform || "ruby"]
    end
  end

  def answer(socket)
    verb, path = request(socket)
    body = @files[path]
    socket.write("HTTP/1.1 #{body ? "200 OK" : "404 Not Found"}\r\nContent-Length: #{body.to_s.bytesize}\r\nConnection: close\r\n\r\n")
    socket.write(body) if body && verb == "GET"
  rescue SystemCallError, IOError
    nil # gone
  ensure
    socket.close
  end

  # Up to the empty line, so that nothing unread resets the connection.
  def request(socket)
    lines = []
    lines << socket.gets("\r\n", 8192) while lines.last != "\r\n" && lines.size < 100 && socket.wait_readable(PATIENCE)
    lines.first.to_s.split
  end
end
