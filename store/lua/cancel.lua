-- engine
-- Ask for the end of a job. Nobody works on it: it ends here. Somebody does: they see it at their next step.
-- Returns the status before: gone, a terminal one (nothing changes), queued, in_progress or cancelling.
local job = redis.call('HMGET', JOB, 'status', 'lease_until', 'stage')
if not job[1] then return 'gone' end
if OVER[job[1]] then return job[1] end
redis.call('HSETNX', JOB, 'cancel_at', ms(NOW))
redis.call('HSETNX', JOB, 'cancel_stage', job[3])
if tonumber(job[2]) <= NOW then
  finish(A.job, A.code, 'cancelled')
else
  redis.call('HSET', JOB, 'status', 'cancelling')
  notify(A.job, 'cancelling')
end
return job[1]
