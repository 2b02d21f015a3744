-- Tells which messages are noted as delivered, by whichever instance.
-- KEYS: for each message its truth, its sign.
-- Returns for each message 1 if it is, else 0.
local found, answers = redis.call('MGET', unpack(KEYS)), {}
for i = 1, #KEYS, 2 do
  local truth = found[i]
  answers[#answers + 1] = truth and string.sub(truth, 1, 10) == 'delivered ' and 1 or 0
end
return answers
