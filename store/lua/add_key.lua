-- Store an API key by its hash. Returns ok, or kept: what the environment lists was revoked, was rotated, or is a key made
-- elsewhere, and stays as it is.
-- KEYS: record, ids by hash, all keys, keys that end, keys revoked though listed, audit trail. ARGV[1]: JSON.
local A = cjson.decode(ARGV[1])
local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
if A.source == 'environment' then
  local source, known = redis.call('HGET', KEYS[1], 'source'), redis.call('HGET', KEYS[2], A.hash)
  local revoked = redis.call('SISMEMBER', KEYS[5], A.id) == 1
  if revoked or (source and source ~= 'environment') or (known and known ~= A.id) then return 'kept' end
end
local fresh = redis.call('EXISTS', KEYS[1]) == 0
redis.call('HSET', KEYS[1], 'hash', A.hash, 'name', A.name, 'scopes', A.scopes, 'source', A.source, 'expires_at', A.expires_at)
redis.call('HSETNX', KEYS[1], 'created_at', now)
redis.call('HSET', KEYS[2], A.hash, A.id)
redis.call('ZADD', KEYS[3], 'NX', now, A.id)
redis.call('ZREM', KEYS[4], A.id)
if A.expires_at ~= '0' then redis.call('ZADD', KEYS[4], A.expires_at, A.id) end
if fresh then redis.call('XADD', KEYS[6], unpack(A.audit)) end
return 'ok'
