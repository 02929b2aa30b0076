-- engine
-- Remove one finished job: its record, events, recordings, idempotency record, its turns in the history, and what webhooks
-- know of it. Returns {'ok', messages, events, recordings, deliveries}, {'running'}, {'raced'} or {'gone'}.
-- KEYS from MORE + 1: the rewrite flag, the API key's deliveries, receivers, the idempotency record, then of each delivery
-- (A.deliveries) its hash and the two sets of its receiver. The last one is the audit trail.
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
redis.call('DEL', JOB, EVENTS, EVENT, KEYS[MORE + 4])
redis.call('ZREM', OUTBOX, A.job)
local deliveries = forget_deliveries(A.deliveries, KEYS[MORE + 2], KEYS[MORE + 3], MORE + 5)
redis.call('ZREM', KEY_JOBS, A.job)
redis.call('SET', KEYS[MORE + 1], '1')
redis.call('XADD', KEYS[#KEYS], unpack(A.audit))
notify(A.job, 'erased')
return {'ok', messages, events, recordings, deliveries}
