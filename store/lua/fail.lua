-- engine
-- The end of a job that has no answer: its error code, or 'cancelled' when that was asked for. Returns ok, cancel or lost.
local hold = holding()
if hold == 'ok' then finish(A.job, A.code, 'failed', failure(A.error)) end
if hold == 'cancel' then finish(A.job, A.code, 'cancelled') end
return hold
