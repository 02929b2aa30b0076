-- engine
-- Accept a job: checks, record, place in line, idempotency record and (if admitted) Celery message, or nothing at all.
-- Returns {'ok'} or a word that says why not: replay, mismatch, gone, raced, ending, waiting_cap, busy.
-- KEYS[27] = idempotency record. ARGV[2..5] = sealed input, metadata, recording and webhook (the last two may be empty).
local IDEMPOTENCY = KEYS[27]
-- Older entries have no record any more: it ran out unswept, because nothing ran for longer than a session lives.
local STALE_MS, STALE_US = ms(NOW - A.session_max_ms - BACKSTOP_MS), ms(NOW_US - (A.session_max_ms + BACKSTOP_MS) * 1000)
if redis.call('HGET', JOB, 'token') == A.token then return {'ok'} end  -- the client library sent it twice

local known = redis.call('HMGET', IDEMPOTENCY, 'job', 'digest')
if A.digest ~= '' and known[1] then
  if known[2] == A.digest then return {'replay', known[1]} end
  return {'mismatch'}
end

local session = redis.call('HMGET', SESSION, 'n', 'ends_at', 'expires_at')
if not session[1] or tonumber(session[3]) <= NOW then return {'gone'} end
if tonumber(session[1]) ~= A.n - 1 then return {'raced'} end
local deadline = NOW + A.deadline_ms
if A.settled == '' then
  if tonumber(session[2]) < deadline then return {'ending'} end
  local waiting = redis.call('ZCOUNT', OPEN, STALE_US, '+inf')
    - redis.call('ZCOUNT', RUNNING.m, STALE_MS, '+inf') - redis.call('ZCOUNT', RUNNING.v, STALE_MS, '+inf')
  if waiting >= A.waiting_cap then return {'waiting_cap'} end
  if A.on_busy == 'reject' and redis.call('LLEN', LINE) > 0 then return {'busy'} end
end

redis.call('HSET', SESSION, 'n', A.n)
touch(A.session, deadline)
redis.call('HSET', JOB, 'token', A.token, 'type', A.type, 'key_id', A.key_id, 'session_id', A.session, 'status', 'queued',
  'stage', '', 'attempts', 0, 'fence', 0, 'calls', 0, 'dispatches', 0, 'lease_until', 0, 'created_at', ms(NOW),
  'deadline', ms(deadline), 'speak', A.speak, 'request_id', A.request_id, 'idempotency', A.digest ~= '' and IDEMPOTENCY or '',
  'input', ARGV[2], 'metadata', ARGV[3])
if ARGV[5] ~= '' then redis.call('HSET', JOB, 'webhook', ARGV[5]) end
redis.call('ZADD', KEY_JOBS, ms(NOW_US), A.job)
if A.digest ~= '' then
  redis.call('HSET', IDEMPOTENCY, 'job', A.job, 'digest', A.digest)
  keep(IDEMPOTENCY)
end

if A.settled ~= '' then
  -- Answered on the spot (an escalated message): it never stood in line. ARGV[6..9] = sealed output, both turns, and the
  -- one event of its stream.
  redis.call('HSET', JOB, 'status', 'completed', 'outcome', A.settled, 'started_at', ms(NOW), 'completed_at', ms(NOW),
    'guardrails', A.guardrails, 'timings', '{"queued_ms":0,"total_ms":0}', 'output', ARGV[6])
  redis.call('RPUSH', HISTORY, ARGV[7], ARGV[8])
  redis.call('LTRIM', HISTORY, -A.max_history, -1)
  redis.call('XADD', EVENTS, '*', 'event', ARGV[9])
  announce(A.job)
  keep(JOB, HISTORY, EVENTS)
  return {'ok'}
end

if ARGV[4] ~= '' then redis.call('SET', AUDIO, ARGV[4]) end
redis.call('ZADD', OPEN, ms(NOW_US), A.job)
redis.call('ZADD', DEADLINES, ms(deadline), A.job)
local entry = A.code .. ':' .. A.job
if redis.call('RPUSH', LINE, entry) == 1 then step_up(entry) end
keep(JOB, LINE, AUDIO)
-- Stale entries must not hold a slot for ever. (Not earlier: a full server refuses only a script that wrote nothing yet.)
for _, code in ipairs({'m', 'v'}) do
  redis.call('ZREMRANGEBYSCORE', RUNNING[code], '-inf', STALE_MS)
  redis.call('ZREMRANGEBYSCORE', READY[code], '-inf', STALE_US)
end
for _, index in ipairs({OPEN, KEY_JOBS}) do redis.call('ZREMRANGEBYSCORE', index, '-inf', STALE_US) end
admit()
return {'ok'}
