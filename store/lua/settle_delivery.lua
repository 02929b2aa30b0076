-- deliveries
-- What became of an attempt, once. Returns ok, or lost: another attempt has the delivery, or it was erased.
-- KEYS[3] = the delivery, KEYS[4], [5] = its receiver's due and sending sets, KEYS[6] = its endpoint, KEYS[7] = the delivery that
-- follows it. ARGV[2] = the attempt as JSON (empty: none was made), ARGV[3] = the sealed beginning of the answer (may be empty).
local DELIVERY, DUE, SENDING, ENDPOINT, FOLLOWING = KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7]
local d = redis.call('HMGET', DELIVERY, 'status', 'fence', 'lease_until')
if d[1] ~= 'pending' or tonumber(d[2]) ~= A.fence or tonumber(d[3]) == 0 then return 'lost' end
if ARGV[2] ~= '' then
  local n = redis.call('HINCRBY', DELIVERY, 'attempts', 1)
  redis.call('HSET', DELIVERY, 'attempt:' .. n, ARGV[2])
  if ARGV[3] ~= '' then redis.call('HSET', DELIVERY, 'answer:' .. n, ARGV[3]) end
end
redis.call('HSET', DELIVERY, 'lease_until', 0)
redis.call('ZREM', SENDING, A.delivery)
redis.call('ZREM', DUE, A.delivery)  -- it took longer than its lease: it was about to be sent again

-- An endpoint that says it is gone, or has not taken anything for days, is left alone until its owner enables it again.
if A.result == 'delivered' then
  redis.call('HDEL', ENDPOINT, 'failing_since')
elseif ARGV[2] ~= '' and redis.call('HGET', ENDPOINT, 'enabled') == '1' then
  -- Days without an event in between say nothing about the receiver.
  local failed_at = tonumber(redis.call('HGET', ENDPOINT, 'failed_at') or 0)
  if NOW - failed_at > A.quiet_ms then redis.call('HDEL', ENDPOINT, 'failing_since') end
  redis.call('HSETNX', ENDPOINT, 'failing_since', ms(NOW))
  redis.call('HSET', ENDPOINT, 'failed_at', ms(NOW))
  local reason = A.gone == 1 and 'gone'
    or NOW - redis.call('HGET', ENDPOINT, 'failing_since') >= A.disable_after_ms and 'failing'
  if reason then redis.call('HSET', ENDPOINT, 'enabled', '0', 'disabled_reason', reason, 'disabled_at', ms(NOW)) end
end

if A.result == 'pending' then
  if ARGV[2] ~= '' then redis.call('HINCRBY', DELIVERY, 'failures', 1) end
  redis.call('HSET', DELIVERY, 'next_at', ms(NOW + A.delay_ms))
  redis.call('ZADD', DUE, ms(NOW + A.delay_ms), A.delivery)
  -- Behind thousands of others the schedule takes longer than its pauses: both must still be there when it ends.
  for _, key in ipairs({DELIVERY, FOLLOWING}) do redis.call('PEXPIREAT', key, ms(NOW + A.keep_ms)) end
else
  redis.call('HSET', DELIVERY, 'status', A.result, 'reason', A.reason, 'ended_at', ms(NOW))
  redis.call('HDEL', DELIVERY, 'next_at', 'url')  -- the job still has the URL, as long as its session lives
  -- Its turn comes once: when this one is sent again, that one may be waiting for its next attempt.
  if redis.call('HGET', FOLLOWING, 'fence') == '0' then redis.call('ZADD', DUE, ms(NOW), A.following) end
end
admit(A.receiver, DUE, SENDING)
return 'ok'
