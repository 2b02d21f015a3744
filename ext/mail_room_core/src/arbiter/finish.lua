-- Records that messages were delivered.
-- KEYS: for each message its state, its marker, its attempts.
-- ARGV: instance, scope, TTL of the state and the marker in ms.
-- Returns for each message 1 if this instance held its claim, or recorded its delivery before, else 0.
local mine, delivered, scope, ttl = claimed_by(ARGV[1]), delivered_by(ARGV[1]), ARGV[2], ARGV[3]

local found, answers = call('MGET', unpack(KEYS)), {}
for i = 1, #KEYS, 3 do
  local state, attempts = found[i], found[i + 2]
  if state == mine then
    -- The state first: it alone keeps the message from being delivered again.
    call('SET', KEYS[i], delivered, 'PX', ttl)
    keep_marker(KEYS[i + 1], found[i + 1], scope, ttl)
    if attempts then
      call('DEL', KEYS[i + 2])
    end
  end
  answers[#answers + 1] = (state == mine or state == delivered) and 1 or 0
end
return answers
