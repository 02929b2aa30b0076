-- engine
-- Anything a worker writes before the end: stage, one event, transcript checkpoint, a part of the spoken reply. Returns ok, cancel or lost.
-- ARGV[2] = sealed event, ARGV[3] = sealed transcript, ARGV[4] = sealed speech; each may be empty.
local hold = holding()
if hold ~= 'ok' then return hold end
if redis.call('HGET', JOB, 'written') == A.write then return 'ok' end  -- the client library sent it twice
redis.call('HSET', JOB, 'written', A.write)
if A.stage ~= '' then redis.call('HSET', JOB, 'stage', A.stage) end
if A.calls > 0 then redis.call('HINCRBY', JOB, 'calls', A.calls) end
if ARGV[2] ~= '' then redis.call('XADD', EVENTS, '*', 'event', ARGV[2]) end
if ARGV[3] ~= '' then redis.call('HSET', JOB, 'transcript', ARGV[3]) end
if ARGV[4] ~= '' then redis.call('RPUSH', SPEECH, ARGV[4]) end
keep(EVENTS, SPEECH)
notify(A.job, 'progress')
return 'ok'
