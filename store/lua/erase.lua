-- engine
-- Remove a session with all its jobs, finished or not. Returns {'ok', receipt counts...}, {'gone'}, {'raced'} or {'alive'}.
-- A.only_expired: the sweep of the reaper. It leaves webhook deliveries on their way: they hold nothing that was said.
-- KEYS from MORE + 1: the rewrite flag, the API key's deliveries, receivers, then of each job 1..n its hash, events, audio, speech,
-- idempotency record and webhook event, then of each delivery (A.deliveries) its hash and the two sets of its receiver.
-- The last one is the audit trail.
local session = redis.call('HMGET', SESSION, 'n', 'expires_at')
if not session[1] then
  redis.call('ZREM', SESSIONS, A.session)
  redis.call('ZREM', KEY_SESSIONS, A.session)
  return {'gone'}
end
if tonumber(session[1]) ~= #A.jobs then return {'raced'} end
if A.only_expired == 1 and tonumber(session[2]) > NOW then return {'alive'} end
local deliveries = 0
if A.only_expired == 0 then
  for i in ipairs(A.jobs) do
    if (redis.call('HGET', KEYS[MORE + 3 + i * 6], 'count') or '') ~= A.fanned[i] then return {'raced'} end
  end
  for i, job in ipairs(A.jobs) do
    redis.call('DEL', KEYS[MORE + 3 + i * 6])
    redis.call('ZREM', OUTBOX, job)
  end
  deliveries = forget_deliveries(A.deliveries, KEYS[MORE + 2], KEYS[MORE + 3], MORE + 4 + #A.jobs * 6)
end

local messages, jobs, events, recordings = redis.call('LLEN', HISTORY), 0, 0, 0
for i, job in ipairs(A.jobs) do
  local first = MORE + 4 + (i - 1) * 6
  for _, index in ipairs({LEASES, DISPATCH, DEADLINES, OPEN, KEY_JOBS}) do redis.call('ZREM', index, job) end
  for _, code in ipairs({'m', 'v'}) do
    redis.call('ZREM', RUNNING[code], code .. ':' .. job)
    redis.call('ZREM', READY[code], code .. ':' .. job)
  end
  settle(KEYS[first])
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
redis.call('SET', KEYS[MORE + 1], '1')
if A.only_expired == 0 then redis.call('XADD', KEYS[#KEYS], unpack(A.audit)) end
admit()
return {'ok', messages, jobs, events, recordings, deliveries}
