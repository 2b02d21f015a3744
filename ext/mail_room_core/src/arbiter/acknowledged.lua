-- The mail server has marked messages as delivered, so their keys need not be kept for long.
-- KEYS: for each message its state, its marker, its attempts.
-- ARGV: scope, new TTL of the state and the marker in ms.
local scope, ttl = ARGV[1], ARGV[2]

local found = call('MGET', unpack(KEYS))
for i = 1, #KEYS, 3 do
  if is_delivered(found[i]) then
    call('PEXPIRE', KEYS[i], ttl)
    if found[i + 1] == scope then
      call('PEXPIRE', KEYS[i + 1], ttl)
    end
    if found[i + 2] then
      call('DEL', KEYS[i + 2])
    end
  end
end
return redis.status_reply('OK')
