-- The mail server knows that messages were delivered: what is noted of them need not be kept for long.
-- KEYS: for each message its truth, its sign, its attempts.
-- ARGV: scope, life in ms.
local scope, life = ARGV[1], ARGV[2]
local call = redis.call

local found = call('MGET', unpack(KEYS))
for i = 1, #KEYS, 3 do
  if found[i] and string.sub(found[i], 1, 10) == 'delivered ' then
    call('PEXPIRE', KEYS[i], life)
    if found[i + 1] == scope then
      call('PEXPIRE', KEYS[i + 1], life)
    end
    if found[i + 2] then
      call('DEL', KEYS[i + 2])
    end
  end
end
return redis.status_reply('OK')
