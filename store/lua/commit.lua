-- engine
-- The end of a job that has an answer: result, history, coach state and the next one's turn, once and together.
-- Returns ok, cancel (ended as cancelled instead) or lost. ARGV[2..4] = sealed output, coach and state (the last two may be empty),
-- ARGV[5..] = the sealed turns for the history (none for a job that is not a turn).
local hold = holding()
if hold == 'cancel' then finish(A.job, A.code, 'cancelled') end
if hold ~= 'ok' then return hold end
if ARGV[4] ~= '' then redis.call('HSET', SESSION, 'state', ARGV[4]) end
for i = 5, #ARGV do redis.call('RPUSH', HISTORY, ARGV[i]) end
redis.call('LTRIM', HISTORY, -A.max_history, -1)
touch(A.session)
keep(HISTORY)
-- How long such jobs take, for those who wait.
redis.call('LPUSH', DURATIONS[A.code], ms(NOW - redis.call('HGET', JOB, 'started_at')))
redis.call('LTRIM', DURATIONS[A.code], 0, 49)
if ARGV[3] ~= '' then redis.call('HSET', JOB, 'coach', ARGV[3]) end
finish(A.job, A.code, 'completed', {'outcome', A.outcome, 'output', ARGV[2], 'usage', A.usage, 'timings', A.timings,
  'guardrails', A.guardrails, 'confirmation', A.confirmation})
return 'ok'
