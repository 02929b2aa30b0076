-- engine
-- Give a job back for a later try: it keeps its place and its key's slot, and frees the worker's. Returns ok, cancel or lost.
-- A job that waits for the model to come back has not used up an attempt (A.refund = 1).
local hold = holding()
if hold == 'cancel' then finish(A.job, A.code, 'cancelled') end
if hold ~= 'ok' then return hold end
redis.call('HSET', JOB, 'status', 'queued', 'stage', '', 'lease_until', '0', 'waiting_for', A.waiting_for)
redis.call('HINCRBY', JOB, 'attempts', -A.refund)
if A.waiting_for == 'model' then redis.call('HINCRBY', JOB, 'waits', 1) end
redis.call('ZREM', LEASES, A.job)
redis.call('ZADD', DISPATCH, ms(NOW + A.delay_ms), A.job)
notify(A.job, 'queued')
return 'ok'
