# frozen_string_literal: true

require "base64"
require "fileutils"
require "json"
require "tmpdir"
require_relative "certificates"
require_relative "private_server"
require_relative "server_process"

# A private SMTP server that keeps what it is sent. The port is kept over restarts.
#
#   smtp = TestSmtp.new(starttls: true, user: "u", password: "p").start
#   smtp.mails.first[:raw]
#   smtp.answer("451 later"); smtp.answer(nil); smtp.stop
class TestSmtp
  include PrivateServer

  attr_reader :port, :certificates

  # @param starttls [Boolean] offered
  # @param tls [Boolean] from the first byte
  # @param user [String, nil] a login is needed
  def initialize(starttls: false, tls: false, user: nil, password: nil)
    @dir = Dir.mktmpdir("smtp")
    @port = ServerProcess.free_port
    @mails = File.join(@dir, "mails")
    @answer = File.join(@dir, "answer")
    @certificates = Certificates.new(File.join(@dir, "certificates"))
    pair = certificates.server.to_a
    options = { port: port, mails: @mails, answer: @answer, starttls: (pair if starttls), tls: (pair if tls), user: user,
                password: password }
    script = File.join(__dir__, "smtp_server.py")
    # Debian's own Python, which has Debian's aiosmtpd.
    @process = ServerProcess.new(["/usr/bin/python3", script, JSON.generate(options)], out: File.join(@dir, "log"))
  end

  def start
    @process.start
    @process.await_port(port)
    self
  end

  # @return [Array<Hash>] from, to, raw, ssl, login, helo; in the order of their arrival
  def mails
    return [] unless File.exist?(@mails)

    File.readlines(@mails).select { |line| line.end_with?("\n") }.map do |line|
      mail = JSON.parse(line, symbolize_names: true)
      mail.merge(raw: Base64.decode64(mail.delete(:mail)))
    end
  end

  # What recipients are answered with from now on: a reply, "hang", or nil: they are accepted.
  def answer(reply)
    return FileUtils.rm_f(@answer) if reply.nil?

    File.write("#{@answer}.new", reply)
    File.rename("#{@answer}.new", @answer)
  end

  def stop = @process.kill9
end
