-- engine
-- Remove one finished job: its record, events, recordings, idempotency record, and its turns in the history.
-- Returns {'ok', messages, events, recordings}, {'running'} or {'gone'}. KEYS[23] = the rewrite flag, KEYS[24] = the record.
local status = redis.call('HGET', JOB, 'status')
if not status then return {'gone'} end
if not OVER[status] then return {'running'} end
local messages, events = 0, redis.call('XLEN', EVENTS)
local mine = A.job .. '|'  -- a turn lies in the history behind the id of its job
for _, entry in ipairs(redis.call('LRANGE', HISTORY, 0, -1)) do
  if entry:sub(1, #mine) == mine then messages = messages + redis.call('LREM', HISTORY, 1, entry) end
end
local recordings = redis.call('DEL', AUDIO, SPEECH)
redis.call('DEL', JOB, EVENTS, KEYS[24])
redis.call('ZREM', KEY_JOBS, A.job)
redis.call('SET', KEYS[23], '1')
notify(A.job, 'erased')
return {'ok', messages, events, recordings}
