-- deliveries
-- Take the lease on a delivery whose message arrived. Returns {'ok', fence}, or why there is nothing to do: over (sent, given
-- up or erased), held (somebody sends it), waiting (its message was counted as lost meanwhile: another one will come).
-- KEYS[3] = the delivery, KEYS[4], [5] = its receiver's due and sending sets.
local DELIVERY, DUE, SENDING = KEYS[3], KEYS[4], KEYS[5]
local d = redis.call('HMGET', DELIVERY, 'status', 'lease_until', 'claim', 'fence')
if d[1] ~= 'pending' then
  redis.call('ZREM', DUE, A.delivery)
  redis.call('ZREM', SENDING, A.delivery)
  admit(A.receiver, DUE, SENDING)
  return {'over'}
end
if tonumber(d[2]) > NOW then
  if d[3] == A.claim then return {'ok', tonumber(d[4])} end  -- the client library sent it twice
  return {'held'}
end
if not redis.call('ZSCORE', SENDING, A.delivery) then return {'waiting'} end
redis.call('HSET', DELIVERY, 'lease_until', ms(NOW + A.lease_ms), 'claim', A.claim)
redis.call('ZADD', SENDING, ms(NOW + A.lease_ms), A.delivery)
redis.call('ZADD', RECEIVERS, 'LT', ms(NOW + A.lease_ms), A.receiver)
return {'ok', redis.call('HINCRBY', DELIVERY, 'fence', 1)}
