-- Messages that were delivered are still listed by the mail server: that they were is to be known for as long.
-- KEYS: for each message its truth, its sign.
-- ARGV: instance, scope, life of what is noted in ms.
local delivered, scope, kept = 'delivered ' .. ARGV[1], ARGV[2], ARGV[3]
local call = redis.call

local found = call('MGET', unpack(KEYS))
for i = 1, #KEYS, 2 do
  local truth, sign = found[i], found[i + 1]
  local noted = truth and string.sub(truth, 1, 10) == 'delivered '
  if noted then
    call('PEXPIRE', KEYS[i], kept)
  elseif not truth then
    call('SET', KEYS[i], delivered, 'PX', kept)
  end
  if noted or not truth then
    if sign == scope then
      call('PEXPIRE', KEYS[i + 1], kept)
    elseif not sign then
      call('SET', KEYS[i + 1], scope, 'PX', kept)
    end
  end
end
return redis.status_reply('OK')
