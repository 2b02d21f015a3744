-- Tells which messages any instance has delivered.
-- KEYS: for each message its state, its marker.
-- Returns for each message 1 if it was delivered, else 0.
local found, answers = call('MGET', unpack(KEYS)), {}
for i = 1, #KEYS, 2 do
  local state = found[i]
  answers[#answers + 1] = is_delivered(state) and 1 or 0
end
return answers
