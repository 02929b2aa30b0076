-- engine
-- Look after one job that came due. Idempotent: every condition is checked again here. Returns what was done.
local job = redis.call('HMGET', JOB, 'status', 'deadline', 'lease_until', 'attempts', 'dispatches', 'waiting_for')
if not job[1] or OVER[job[1]] then
  for _, index in ipairs({LEASES, DISPATCH, DEADLINES}) do redis.call('ZREM', index, A.job) end
  return 'forgotten'
end
if tonumber(job[2]) <= NOW then
  expire(A.job, A.code, job[6])
  return 'expired'
end
if tonumber(job[3]) > NOW then return 'held' end
if job[1] == 'cancelling' then finish(A.job, A.code, 'cancelled'); return 'cancelled' end
if not redis.call('ZSCORE', RUNNING[A.code], A.code .. ':' .. A.job) then return 'waiting' end
local due = redis.call('ZSCORE', DISPATCH, A.job)
if due and tonumber(due) > NOW then return 'early' end
if job[1] == 'in_progress' then  -- its worker died, or was stopped for longer than a lease
  redis.call('HSET', JOB, 'status', 'queued', 'stage', '', 'lease_until', '0')
  redis.call('ZREM', LEASES, A.job)
  if tonumber(job[4]) >= A.max_attempts then
    finish(A.job, A.code, 'failed', failure('attempts_exhausted'))
    return 'failed'
  end
  notify(A.job, 'queued')
end
-- Doubling intervals: with a long queue in front, a message sent every few seconds would only make it longer.
local tries = redis.call('HINCRBY', JOB, 'dispatches', 1)
dispatch(A.job, A.code, A.redispatch_ms * 2 ^ math.min(tries, 6))
return 'dispatched'
