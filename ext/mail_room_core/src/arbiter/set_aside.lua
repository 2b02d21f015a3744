-- The mail server has marked messages as set aside. Their attempts are forgotten: if one of them is unread again, a person wants it tried
-- from the start. A process that listed it before must not try it, so that it was set aside is recorded for a while. Messages that are
-- claimed or delivered by now are left alone.
-- KEYS: for each message its state, its marker, its attempts.
-- ARGV: TTL of the record in ms.
local found = call('MGET', unpack(KEYS))
for i = 1, #KEYS, 3 do
  local state = found[i]
  if not state or is_failed(state) then
    call('SET', KEYS[i], ASIDE, 'PX', ARGV[1])
    state = ASIDE
  end
  if found[i + 2] and state == ASIDE then
    call('DEL', KEYS[i + 2])
  end
end
return redis.status_reply('OK')
