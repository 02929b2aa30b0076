-- engine
-- Remove a session with all its jobs, finished or not. Returns {'ok', receipt counts...}, {'gone'}, {'raced'} or {'alive'}.
-- KEYS[23] = the rewrite flag, KEYS[24..] = job hash, events, audio, speech and idempotency record of each job 1..n. A.only_expired: the sweep of the reaper.
local session = redis.call('HMGET', SESSION, 'n', 'expires_at')
if not session[1] then
  redis.call('ZREM', SESSIONS, A.session)
  redis.call('ZREM', KEY_SESSIONS, A.session)
  return {'gone'}
end
if tonumber(session[1]) ~= #A.jobs then return {'raced'} end
if A.only_expired == 1 and tonumber(session[2]) > NOW then return {'alive'} end

local messages, jobs, events, recordings = redis.call('LLEN', HISTORY), 0, 0, 0
for i, job in ipairs(A.jobs) do
  local first = 24 + (i - 1) * 5
  for _, index in ipairs({LEASES, DISPATCH, DEADLINES, OPEN, KEY_JOBS}) do redis.call('ZREM', index, job) end
  for _, code in ipairs({'m', 'v'}) do
    redis.call('ZREM', RUNNING[code], code .. ':' .. job)
    redis.call('ZREM', READY[code], code .. ':' .. job)
  end
  jobs = jobs + redis.call('DEL', KEYS[first])
  events = events + redis.call('XLEN', KEYS[first + 1])
  redis.call('DEL', KEYS[first + 1])
  recordings = recordings + redis.call('DEL', KEYS[first + 2], KEYS[first + 3])
  redis.call('DEL', KEYS[first + 4])
  notify(job, 'erased')
end
redis.call('DEL', SESSION, LINE, HISTORY)
redis.call('ZREM', SESSIONS, A.session)
redis.call('ZREM', KEY_SESSIONS, A.session)
redis.call('SET', KEYS[23], '1')
admit()
return {'ok', messages, jobs, events, recordings}
