-- deliveries
-- Make the deliveries of a job's end, once: whoever comes second finds them made. Returns how many were made.
-- KEYS[3] = the webhook event, KEYS[4] = outbox, KEYS[5] = the API key's deliveries, then of each delivery (A.deliveries) its
-- hash and the two sets of its receiver. ARGV[2..] = the sealed URL of each (empty: it is the endpoint's).
local EVENT, OUTBOX, INDEX = KEYS[3], KEYS[4], KEYS[5]
redis.call('ZREM', OUTBOX, A.job)
if A.sample == 1 then  -- it has no job: its delivery is made as it is asked for
  if redis.call('EXISTS', KEYS[6]) == 1 then return 0 end
else
  if redis.call('EXISTS', EVENT) == 0 or redis.call('HEXISTS', EVENT, 'count') == 1 then return 0 end
  redis.call('HSET', EVENT, 'count', #A.deliveries)
  redis.call('HDEL', EVENT, 'webhook')  -- this outlives the session; each delivery has the URL until it ends
end
for i, d in ipairs(A.deliveries) do
  local at = 6 + (i - 1) * 3
  redis.call('HSET', KEYS[at], 'key_id', A.key_id, 'job_id', A.job, 'session_id', A.session, 'type', d.type, 'status', 'pending',
    'endpoint_id', d.endpoint_id, 'receiver', d.receiver, 'following', d.following, 'url', ARGV[1 + i], 'job_status', A.status,
    'outcome', A.outcome, 'at', A.at, 'created_at', ms(NOW), 'next_at', ms(NOW), 'attempts', 0, 'failures', 0, 'fence', 0,
    'lease_until', 0)
  redis.call('PEXPIREAT', KEYS[at], ms(NOW + A.keep_ms))
  redis.call('ZADD', INDEX, ms(NOW_US + i), d.id)
  if d.first then redis.call('ZADD', KEYS[at + 1], ms(NOW), d.id) end
end
redis.call('ZREMRANGEBYSCORE', INDEX, '-inf', ms(NOW_US - A.keep_ms * 1000))
for i, d in ipairs(A.deliveries) do
  local at = 6 + (i - 1) * 3
  admit(d.receiver, KEYS[at + 1], KEYS[at + 2])
end
return #A.deliveries
