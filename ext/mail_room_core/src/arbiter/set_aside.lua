-- The mail server knows that messages were set aside. Their tries are forgotten: whoever finds one of them unread again was asked by
-- a person to try it anew. Who has listed it before must not, so that it was set aside is noted for a while. What is claimed or
-- delivered by now is left alone.
-- KEYS: for each message its truth, its sign, its attempts.
-- ARGV: life in ms of what is noted.
local call = redis.call

local found = call('MGET', unpack(KEYS))
for i = 1, #KEYS, 3 do
  local truth = found[i]
  if not truth or string.sub(truth, 1, 7) == 'failed ' then
    call('SET', KEYS[i], 'aside', 'PX', ARGV[1])
    truth = 'aside'
  end
  if found[i + 2] and truth == 'aside' then
    call('DEL', KEYS[i + 2])
  end
end
return redis.status_reply('OK')
