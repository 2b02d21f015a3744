# frozen_string_literal: true

# Mails of every kind, each recognisable by its number.
module Mails
  module_function

  # @param number [Integer]
  # @param size [Integer] octets of text, about
  def plain(number, size = 300)
    head = "From: jane@example.com\r\nTo: incoming@example.com\r\nSubject: Mail #{number}\r\nMessage-ID: <#{number}@example.com>\r\n\r\n"
    line = "Line of mail #{number}, neither short nor long, and with a quote \" and a backslash \\.\r\n"
    head + (line * ((size / line.bytesize) + 1))
  end

  # 300 octets to 5 MB, Latin-1, without headers, with broken headers, with bare control characters, empty.
  def assorted(count)
    Array.new(count) do |number|
      case number % 10
      when 0 then plain(number, 300)
      when 1 then plain(number, 3_000)
      when 2 then plain(number).sub("Mail", "Gr\u00FC\u00DFe").encode("ISO-8859-1")
      when 3 then "no headers at all, #{number}\r\n"
      when 4 then "Broken: \r\n : nothing\r\n\tfolded from nowhere\r\n\xFF\xFE\x01 #{number}\r\n".b
      when 5 then plain(number, number == 5 ? 5_000_000 : 40_000)
      when 6 then "Subject: \u{1F4E7} #{number}\r\n\r\n\u65E5\u672C\u8A9E\r\n"
      when 7 then "Subject: tabs\tand \e escapes #{number}\r\n\r\n\x01\x02\x7F\r\n"
      when 8 then number == 8 ? "" : "\r\n#{number}\r\n"
      else plain(number, 1_000)
      end.b
    end
  end
end
