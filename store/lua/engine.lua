-- Shared by every ledger script. KEYS come from store/keys.py `ledger`; ARGV[1] is a JSON object of plain values,
-- ARGV[2..] are sealed values that Lua never looks into.
local JOB, SESSION, LINE, HISTORY, EVENTS, OPEN = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local READY = {m = KEYS[7], v = KEYS[8]}
local RUNNING = {m = KEYS[9], v = KEYS[10]}
local DISPATCH, LEASES, DEADLINES = KEYS[11], KEYS[12], KEYS[13]
local QUEUE = {m = KEYS[14], v = KEYS[15]}
local AUDIO, SPEECH, SESSIONS, KEY_SESSIONS, KEY_JOBS = KEYS[16], KEYS[17], KEYS[18], KEYS[19], KEYS[20]
local DURATIONS = {m = KEYS[21], v = KEYS[22]}
local EVENT, OUTBOX, ENDPOINTS, DELIVERIES = KEYS[23], KEYS[24], KEYS[25], KEYS[26]
local USAGE, AUDIO_HELD = KEYS[27], KEYS[28]
local MORE = 28  -- a script's own keys come after these
local A = cjson.decode(ARGV[1])

-- The server's clock is the only one: workers and web hosts may disagree about the time.
local TIME = redis.call('TIME')
local NOW_US = TIME[1] * 1000000 + TIME[2]
local NOW = math.floor(NOW_US / 1000)

local OVER = {completed = true, failed = true, cancelled = true, expired = true}
local BACKSTOP_MS = 3600 * 1000  -- keys outlive their session's absolute end by this, if nobody swept them
local DAY_MS = 24 * 3600 * 1000
local TODAY = math.floor(NOW / DAY_MS)  -- UTC

local function ms(n) return string.format('%.0f', n) end

-- Put a message with one id on a Celery queue. The envelope is kombu's; only what stands between @ changes.
local function send(queue, task, id)
  local fill = {TASK = task, ID = id, TAG = id .. '.' .. ms(NOW_US), QUEUE = queue}
  redis.call('LPUSH', queue, (A.envelope:gsub('@(%u+)@', fill)))
end

local function dispatch(job, code, next_try_ms)
  send(QUEUE[code], 'jobs.run', job)
  redis.call('ZADD', DISPATCH, ms(NOW + next_try_ms), job)
end

-- Let waiting heads of lines run, oldest first, while their API key has slots. Only admitted jobs have a message.
local function admit()
  while true do
    local voice = redis.call('ZCARD', RUNNING.v)
    if redis.call('ZCARD', RUNNING.m) + voice >= A.running_cap then return end
    local entry, since, code
    for _, c in ipairs({'m', 'v'}) do
      if c == 'm' or voice < A.voice_cap then
        local head = redis.call('ZRANGE', READY[c], 0, 0, 'WITHSCORES')
        if head[1] and (not since or tonumber(head[2]) < since) then
          entry, since, code = head[1], tonumber(head[2]), c
        end
      end
    end
    if not entry then return end
    redis.call('ZREM', READY[code], entry)
    redis.call('ZADD', RUNNING[code], ms(NOW), entry)
    dispatch(entry:sub(3), code, A.redispatch_ms)
  end
end

local function step_up(entry)
  redis.call('ZADD', READY[entry:sub(1, 1)], ms(NOW_US), entry)
end

-- Take a job out of every index, and let the next ones run.
local function leave(job, code)
  local entry = code .. ':' .. job
  for _, index in ipairs({LEASES, DISPATCH, DEADLINES, OPEN}) do redis.call('ZREM', index, job) end
  redis.call('ZREM', RUNNING[code], entry)
  redis.call('ZREM', READY[code], entry)
  local was_head = redis.call('LINDEX', LINE, 0) == entry
  redis.call('LREM', LINE, 1, entry)
  local head = redis.call('LINDEX', LINE, 0)
  if was_head and head then step_up(head) end
  admit()
end

local function notify(job, word) redis.call('PUBLISH', 'rr:notify:' .. job, word) end

-- A job's end and its event are written together, so that there is none without the other. Who hears of it is found out
-- by `webhooks.fan_out`; nothing is written where nobody could.
local function announce(job)
  local end_ = redis.call('HMGET', JOB, 'webhook', 'key_id', 'session_id', 'status', 'outcome')
  if not end_[1] and redis.call('EXISTS', ENDPOINTS) == 0 then return end
  redis.call('HSET', EVENT, 'webhook', end_[1] or '', 'key_id', end_[2], 'session_id', end_[3], 'status', end_[4],
    'outcome', end_[5] or '', 'at', ms(NOW))
  redis.call('PEXPIREAT', EVENT, ms(NOW + A.webhook_keep_ms))
  redis.call('ZADD', OUTBOX, ms(NOW), job)
  send(DELIVERIES, 'webhooks.fan_out', job)
end

-- Once it is over, what a job used in all its attempts is added to its API key's day, and what was reserved for it is free
-- again. `rates`: millionths of a micro-dollar for each input token, output token, ms of audio and character spoken.
local function settle(job)
  local stored = redis.call('HMGET', job, 'reserve', 'rates', 'fence', 'audio_bytes')
  if not stored[1] then return end  -- it is settled already
  redis.call('HDEL', job, 'reserve')
  local used, cost = {0, 0, 0, 0}, 0
  for fence = 1, tonumber(stored[3]) do
    local i = 0
    for amount in (redis.call('HGET', job, 'spent:' .. fence) or ''):gmatch('%d+') do
      i = i + 1
      used[i] = used[i] + amount
    end
  end
  for i, rate in ipairs(cjson.decode(stored[2])) do cost = cost + used[i] * rate end
  cost = math.ceil(cost / 1000000)
  redis.call('HSET', job, 'cost', ms(cost))
  for i, what in ipairs({'input_tokens', 'output_tokens', 'audio_ms', 'characters'}) do
    redis.call('HINCRBY', USAGE, TODAY .. ':' .. what, ms(used[i]))
  end
  redis.call('HINCRBY', USAGE, TODAY .. ':cost', ms(cost))
  redis.call('HINCRBY', USAGE, 'reserved', ms(0 - stored[1]))
  redis.call('PEXPIRE', USAGE, ms(A.usage_keep_ms))
  if stored[4] ~= '0' then redis.call('DECRBY', AUDIO_HELD, stored[4]) end
end

-- The one way a job ends.
local function finish(job, code, status, fields)
  redis.call('HSET', JOB, 'status', status, 'stage', '', 'completed_at', ms(NOW), 'lease_until', '0', unpack(fields or {}))
  settle(JOB)
  announce(job)
  redis.call('DEL', AUDIO)
  if status ~= 'completed' then redis.call('DEL', SPEECH) end  -- it had begun to speak
  leave(job, code)
  notify(job, status)
end

local function failure(error_code) return {'error', error_code} end

local function expire(job, code, waiting_for)
  finish(job, code, 'expired', failure(waiting_for == 'model' and 'model_unavailable' or 'deadline_passed'))
end

-- A session lives on from its last use, but never past its absolute end. It never ends sooner than it was going to:
-- an earlier job may have asked for that time.
local function touch(session, at_least)
  local times = redis.call('HMGET', SESSION, 'ends_at', 'expires_at')
  local until_ms = math.min(tonumber(times[1]), math.max(NOW + A.ttl_ms, at_least or 0, tonumber(times[2])))
  redis.call('HSET', SESSION, 'expires_at', ms(until_ms))
  redis.call('ZADD', SESSIONS, ms(until_ms), session)
  redis.call('ZADD', KEY_SESSIONS, ms(until_ms), session)
end

-- Remove deliveries wherever they are: their hash, the two sets of their receiver (KEYS from `first` on), the index. What else
-- waits for that receiver may have their slots at once.
local function forget_deliveries(ids, index, receivers, first)
  local removed = 0
  for i, id in ipairs(ids) do
    local at = first + (i - 1) * 3
    removed = removed + redis.call('DEL', KEYS[at])
    redis.call('ZREM', KEYS[at + 1], id)
    redis.call('ZREM', KEYS[at + 2], id)
    redis.call('ZREM', index, id)
    redis.call('ZADD', receivers, 'XX', 'LT', ms(NOW), KEYS[at + 1]:match('[^:]+$'))
  end
  return removed
end

local function keep(...)
  local ends = tonumber(redis.call('HGET', SESSION, 'ends_at'))
  for _, key in ipairs({...}) do redis.call('PEXPIREAT', key, ms(ends + BACKSTOP_MS)) end
end

-- What a worker may do with the job it thinks it holds: 'ok', 'cancel' (somebody asked for it), or 'lost'
-- (its lease went to another attempt, the job is over, or it was erased: an absent hash has no fence).
-- What this attempt has spent on the model so far is noted on the way, whatever becomes of it.
local function holding()
  local job = redis.call('HMGET', JOB, 'fence', 'status')
  if not job[1] or tonumber(job[1]) ~= A.fence then return 'lost' end
  if job[2] ~= 'cancelling' and job[2] ~= 'in_progress' then return 'lost' end
  redis.call('HSET', JOB, 'spent:' .. A.fence, A.spent)
  return job[2] == 'cancelling' and 'cancel' or 'ok'
end
