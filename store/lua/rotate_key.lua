-- Give an API key a new secret; the one before stays good for A.overlap_ms. Returns ok or gone.
-- From now on the key is no longer the environment's: what is listed there is the old secret.
-- KEYS: record, ids by hash, audit trail. ARGV[1]: JSON.
local A = cjson.decode(ARGV[1])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local record = redis.call('HMGET', KEYS[1], 'hash', 'old_hash')
if not record[1] then return 'gone' end
if record[1] == A.hash then return 'ok' end  -- the client library sent it twice
if record[2] then redis.call('HDEL', KEYS[2], record[2]) end
redis.call('HSET', KEYS[1], 'hash', A.hash, 'old_hash', record[1], 'old_until', string.format('%.0f', now + A.overlap_ms),
  'source', A.source)
redis.call('HSET', KEYS[2], A.hash, A.id)
redis.call('XADD', KEYS[3], unpack(A.audit))
return 'ok'
