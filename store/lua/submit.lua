-- engine
-- Accept a job: checks, record, place in line, idempotency record and (if admitted) Celery message, or nothing at all.
-- Returns {'ok'} or a word that says why not: replay, mismatch, gone, raced, not_confirmable, confirmed, ending, busy, storage_full,
-- or limits, followed by the seconds until the budget's day is over and every limit that is reached.
-- KEYS[MORE + 1] = idempotency record, KEYS[MORE + 2] = the job that A.confirms names, if it does. ARGV[2..5] = sealed input, metadata, recording and webhook (the last two may be empty).
local IDEMPOTENCY, CONFIRMED = KEYS[MORE + 1], KEYS[MORE + 2]
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
local confirmed = redis.call('HMGET', CONFIRMED, 'confirmation', 'confirmed_by')
local confirmable = A.confirms ~= '' and confirmed[1] == '1' and not confirmed[2]
local deadline = NOW + A.deadline_ms
-- Jobs that ran out unswept gave nothing back: where none is left, nothing can be reserved or held.
local unfinished, reserved, held = redis.call('ZCOUNT', OPEN, STALE_US, '+inf'), 0, 0
if unfinished > 0 then reserved = math.max(0, redis.call('HGET', USAGE, 'reserved') or 0) end
if redis.call('ZCARD', DEADLINES) > 0 then held = math.max(0, redis.call('GET', AUDIO_HELD) or 0) end
if A.settled == '' then
  if A.confirms ~= '' and not confirmable then return {confirmed[2] and 'confirmed' or 'not_confirmable'} end
  if tonumber(session[2]) < deadline then return {'ending'} end
  local reached = {'limits', math.ceil(DAY_MS * (TODAY + 1) / 1000 - NOW / 1000)}
  local waiting = unfinished - redis.call('ZCOUNT', RUNNING.m, STALE_MS, '+inf')
    - redis.call('ZCOUNT', RUNNING.v, STALE_MS, '+inf')
  if waiting >= A.waiting_cap then reached[#reached + 1] = 'MAX_WAITING_JOBS_PER_API_KEY' end
  local spent = tonumber(redis.call('HGET', USAGE, TODAY .. ':cost') or 0)
  if A.budget >= 0 and spent + reserved + A.reserve > A.budget then reached[#reached + 1] = 'DAILY_BUDGET_USD' end
  if #reached > 2 then return reached end
  if A.on_busy == 'reject' and redis.call('LLEN', LINE) > 0 then return {'busy'} end
  if held + #ARGV[4] > A.audio_cap then return {'storage_full'} end
end

redis.call('HSET', SESSION, 'n', A.n)
touch(A.session, deadline)
redis.call('HSET', JOB, 'token', A.token, 'type', A.type, 'key_id', A.key_id, 'session_id', A.session, 'status', 'queued',
  'stage', '', 'attempts', 0, 'fence', 0, 'calls', 0, 'dispatches', 0, 'lease_until', 0, 'created_at', ms(NOW),
  'deadline', ms(deadline), 'speak', A.speak, 'audio_format', A.audio_format, 'confirms', confirmable and A.confirms or '', 'request_id', A.request_id, 'idempotency', A.digest ~= '' and IDEMPOTENCY or '',
  'input', ARGV[2], 'metadata', ARGV[3])
if ARGV[5] ~= '' then redis.call('HSET', JOB, 'webhook', ARGV[5]) end
if confirmable then redis.call('HSET', CONFIRMED, 'confirmed_by', A.job) end
redis.call('ZADD', KEY_JOBS, ms(NOW_US), A.job)
if redis.call('HINCRBY', USAGE, TODAY .. ':jobs', 1) == 1 then
  for _, field in ipairs(redis.call('HKEYS', USAGE)) do
    local day = tonumber(field:match('^%d+'))
    if day and (TODAY - day) * DAY_MS >= A.usage_keep_ms then redis.call('HDEL', USAGE, field) end
  end
end
redis.call('PEXPIRE', USAGE, ms(A.usage_keep_ms))
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

redis.call('HSET', JOB, 'reserve', ms(A.reserve), 'rates', A.rates, 'priced', A.priced, 'audio_bytes', #ARGV[4])
redis.call('HSET', USAGE, 'reserved', ms(reserved + A.reserve))
if ARGV[4] ~= '' then
  redis.call('SET', AUDIO, ARGV[4])
  redis.call('SET', AUDIO_HELD, ms(held + #ARGV[4]), 'PX', ms(A.session_max_ms + BACKSTOP_MS))
end
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
