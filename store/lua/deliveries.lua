-- Shared by the scripts of webhook delivery. ARGV[1] is a JSON object of plain values; KEYS[1] and [2] are always these:
local RECEIVERS, QUEUE = KEYS[1], KEYS[2]
local A = cjson.decode(ARGV[1])
local TIME = redis.call('TIME')
local NOW_US = TIME[1] * 1000000 + TIME[2]
local NOW = math.floor(NOW_US / 1000)

local function ms(n) return string.format('%.0f', n) end

local function send(delivery)
  local fill = {TASK = 'webhooks.deliver', ID = delivery, TAG = delivery .. '.' .. ms(NOW_US), QUEUE = QUEUE}
  redis.call('LPUSH', QUEUE, (A.envelope:gsub('@(%u+)@', fill)))
end

-- Give a receiver's due deliveries their messages, as many at a time as it has slots. All others wait here, so that a
-- receiver that does not answer fills no queue. A message or its worker may be lost: what is not settled in time waits again.
local function admit(receiver, due, sending)
  for _, lost in ipairs(redis.call('ZRANGEBYSCORE', sending, '-inf', ms(NOW))) do
    redis.call('ZREM', sending, lost)
    redis.call('ZADD', due, ms(NOW), lost)
  end
  local room = A.slots - redis.call('ZCARD', sending)
  if room > 0 then
    for _, delivery in ipairs(redis.call('ZRANGEBYSCORE', due, '-inf', ms(NOW), 'LIMIT', 0, room)) do
      redis.call('ZREM', due, delivery)
      redis.call('ZADD', sending, ms(NOW + A.message_ms), delivery)
      send(delivery)
      room = room - 1
    end
  end
  -- When to look at this receiver again: at the first loss, and, if it has room, at the first that comes due.
  local first = redis.call('ZRANGE', sending, 0, 0, 'WITHSCORES')[2]
  local next_due = room > 0 and redis.call('ZRANGE', due, 0, 0, 'WITHSCORES')[2]
  if next_due and (not first or tonumber(next_due) < tonumber(first)) then first = next_due end
  if first then redis.call('ZADD', RECEIVERS, first, receiver) else redis.call('ZREM', RECEIVERS, receiver) end
end
