-- Forget an API key, and remember that it ended and is not to come back from the environment. Returns ok or gone.
-- KEYS: record, ids by hash, all keys, keys that end, keys revoked though listed, audit trail. ARGV[1]: JSON.
local A = cjson.decode(ARGV[1])
local record = redis.call('HMGET', KEYS[1], 'hash', 'old_hash')
if not record[1] then return 'gone' end
local time = redis.call('TIME')
for _, hash in ipairs({record[1], record[2] or nil}) do redis.call('HDEL', KEYS[2], hash) end
redis.call('DEL', KEYS[1])
redis.call('ZREM', KEYS[3], A.id)
redis.call('ZADD', KEYS[4], string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000)), A.id)
if A.for_good then redis.call('SADD', KEYS[5], A.id) end
redis.call('XADD', KEYS[6], unpack(A.audit))
return 'ok'
