-- deliveries
-- Send once more what was delivered or given up, with the same id and a fresh schedule. Returns ok, gone or pending.
-- KEYS[3] = the delivery, KEYS[4], [5] = its receiver's due and sending sets.
local DELIVERY = KEYS[3]
local d = redis.call('HMGET', DELIVERY, 'status', 'replay')
if not d[1] then return 'gone' end
if d[2] == A.token then return 'ok' end  -- the client library sent it twice
if d[1] == 'pending' then return 'pending' end
redis.call('HSET', DELIVERY, 'status', 'pending', 'failures', 0, 'next_at', ms(NOW), 'replay', A.token)
redis.call('HDEL', DELIVERY, 'ended_at', 'reason')
redis.call('PEXPIREAT', DELIVERY, ms(NOW + A.keep_ms))
redis.call('ZADD', KEYS[4], ms(NOW), A.delivery)
admit(A.receiver, KEYS[4], KEYS[5])
return 'ok'
