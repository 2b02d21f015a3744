# frozen_string_literal: true

require "monitor"
require "securerandom"
require "time"

# A mailbox at Graph: folders and the mails in them. Thread-safe; knows nothing of HTTP.
class GraphMailbox
  Mail = Struct.new(:id, :body, :received, :read, :flagged, :folder, :changed)
  Folder = Struct.new(:id, :name, :parent)

  attr_reader :folders, :change

  # Whether changes of messages are acknowledged and forgotten.
  attr_writer :forgetful

  def initialize
    @lock = Monitor.new
    @mails = {}
    @order = []
    @folders = { "inbox" => Folder.new("inbox", "Posteingang", nil) }
    @change = 0
  end

  # @return [String] the id of the new mail
  def add(body, folder: "inbox", id: new_id, received: nil)
    @lock.synchronize do
      @mails[id] = Mail.new(id, body, received || Time.at(1_700_000_000 + @order.size), false, false, folder, @change += 1)
      @order << id
      id
    end
  end

  # @return [String] the id of the new folder
  def folder(name, parent = nil)
    @lock.synchronize do
      id = "AQMk#{SecureRandom.urlsafe_base64(20)}="
      @folders[id] = Folder.new(id, name, parent)
      id
    end
  end

  # With all that is in it.
  def remove_folder(id)
    @lock.synchronize do
      @folders.delete(id)
      @mails.delete_if { |_, mail| mail.folder == id }
    end
  end

  def rename_folder(id, name) = @lock.synchronize { @folders[id].name = name }

  # The folders that are in no other.
  def top = @lock.synchronize { @folders.values.select { |folder| folder.parent.nil? } }

  # Somebody marks a mail as unread.
  def unread!(id) = @lock.synchronize { mail(id).read = false }

  def named(name, parent) = @lock.synchronize { @folders.values.select { |folder| [folder.name, folder.parent] == [name, parent] } }

  def mail(id) = @lock.synchronize { @mails[id] }

  # Those in a folder, oldest first.
  def mails(folder = "inbox") = @lock.synchronize { @order.filter_map { |id| @mails[id] }.select { |mail| mail.folder == folder } }

  def unread(folder = "inbox") = mails(folder).reject(&:read)

  # What has changed in a folder since, and up to when.
  def changes(folder, since) = @lock.synchronize { [mails(folder).select { |mail| mail.changed > since }, @change] }

  # Takes a mail away.
  def take(id) = @lock.synchronize { @mails.delete(id) }

  # @return [Mail, nil]
  def patch(id, changes)
    @lock.synchronize do
      mail = @mails[id] or return
      return mail if @forgetful

      mail.read = changes["isRead"] if changes.key?("isRead")
      mail.flagged = changes.dig("flag", "flagStatus") == "flagged" if changes.key?("flag")
      mail.changed = @change += 1
      mail
    end
  end

  # Under a new id, as Graph does it.
  # @return [Mail, nil] nil if there is no such mail or no such folder
  def move(id, folder)
    @lock.synchronize do
      return unless @folders.key?(folder) && (mail = @mails.delete(id))

      moved = mail.dup.tap { |copy| copy.id = new_id }
      moved.folder = folder
      @order << moved.id
      @mails[moved.id] = moved
    end
  end

  private

  def new_id = "AAMkA#{SecureRandom.urlsafe_base64(60)}="
end
