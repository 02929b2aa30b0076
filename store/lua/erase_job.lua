-- engine
-- Remove one finished job: its record, events, recordings, idempotency record, its turns in the history, and what webhooks
-- know of it. Returns {'ok', messages, events, recordings, deliveries}, {'running'}, {'raced'} or {'gone'}.
-- KEYS[27] = the rewrite flag, KEYS[28] = the API key's deliveries, KEYS[29] = receivers, KEYS[30] = the idempotency record, then
-- of each delivery (A.deliveries) its hash and the two sets of its receiver.
local status = redis.call('HGET', JOB, 'status')
if not status then return {'gone'} end
if not OVER[status] then return {'running'} end
if (redis.call('HGET', EVENT, 'count') or '') ~= A.fanned then return {'raced'} end
local messages, events = 0, redis.call('XLEN', EVENTS)
local mine = A.job .. '|'  -- a turn lies in the history behind the id of its job
for _, entry in ipairs(redis.call('LRANGE', HISTORY, 0, -1)) do
  if entry:sub(1, #mine) == mine then messages = messages + redis.call('LREM', HISTORY, 1, entry) end
end
local recordings = redis.call('DEL', AUDIO, SPEECH)
redis.call('DEL', JOB, EVENTS, EVENT, KEYS[30])
redis.call('ZREM', OUTBOX, A.job)
local deliveries = forget_deliveries(A.deliveries, KEYS[28], KEYS[29], 31)
redis.call('ZREM', KEY_JOBS, A.job)
redis.call('SET', KEYS[27], '1')
notify(A.job, 'erased')
return {'ok', messages, events, recordings, deliveries}
