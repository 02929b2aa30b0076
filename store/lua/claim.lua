-- engine
-- Take the lease on a job whose message arrived. Returns {'ok', fence, attempt, ms left}, or why there is nothing to do:
-- gone, over, held (somebody works on it), waiting (it is not its turn).
local job = redis.call('HMGET', JOB, 'status', 'deadline', 'lease_until', 'attempts', 'waiting_for', 'claim', 'fence')
if not job[1] then return {'gone'} end
if OVER[job[1]] then return {'over'} end
if tonumber(job[3]) > NOW then
  if job[6] ~= A.claim then return {'held'} end
  return {'ok', tonumber(job[7]), tonumber(job[4]), tonumber(job[2]) - NOW}  -- the client library sent it twice
end
if not redis.call('ZSCORE', RUNNING[A.code], A.code .. ':' .. A.job) then return {'waiting'} end
if job[1] == 'cancelling' then finish(A.job, A.code, 'cancelled'); return {'over'} end
if tonumber(job[2]) <= NOW then expire(A.job, A.code, job[5]); return {'over'} end
if tonumber(job[4]) >= A.max_attempts then finish(A.job, A.code, 'failed', failure('attempts_exhausted')); return {'over'} end

redis.call('HSET', JOB, 'status', 'in_progress', 'stage', '', 'lease_until', ms(NOW + A.lease_ms), 'waiting_for', '',
  'claim', A.claim)
redis.call('HSETNX', JOB, 'started_at', ms(NOW))
redis.call('ZADD', LEASES, ms(NOW + A.lease_ms), A.job)
redis.call('ZREM', DISPATCH, A.job)
redis.call('DEL', SPEECH)  -- an earlier attempt may have begun to speak
local attempt = redis.call('HINCRBY', JOB, 'attempts', 1)
-- The fencing token is a count of its own: giving a job back for lack of a model takes an attempt off, never a fence.
return {'ok', redis.call('HINCRBY', JOB, 'fence', 1), attempt, tonumber(job[2]) - NOW}
