-- engine
-- The end of a job that has no answer: its error, or 'cancelled' when that was asked for. Returns ok, cancel or lost.
local hold = holding()
if hold == 'ok' then
  finish(A.job, A.code, 'failed', {'error', A.error, 'error_message', A.message, 'retryable', A.retryable})
end
if hold == 'cancel' then finish(A.job, A.code, 'cancelled') end
return hold
