-- The mail server still lists messages that were delivered, so their deliveries have to be remembered for longer.
-- KEYS: for each message its state, its marker.
-- ARGV: instance, scope, new TTL of the state and the marker in ms.
local delivered, scope, ttl = delivered_by(ARGV[1]), ARGV[2], ARGV[3]

local found = call('MGET', unpack(KEYS))
for i = 1, #KEYS, 2 do
  local state = found[i]
  local recorded = is_delivered(state)
  if recorded then
    call('PEXPIRE', KEYS[i], ttl)
  elseif not state then
    call('SET', KEYS[i], delivered, 'PX', ttl)
  end
  if recorded or not state then
    keep_marker(KEYS[i + 1], found[i + 1], scope, ttl)
  end
end
return redis.status_reply('OK')
