-- Register a webhook endpoint within the cap of its API key. Returns 1, or 0 when the key has too many.
-- KEYS: the endpoint, the key's endpoints. ARGV: id, now (µs), cap, then fields and values.
if redis.call('EXISTS', KEYS[1]) == 1 then return 1 end  -- the client library sent it twice
if redis.call('ZCARD', KEYS[2]) >= tonumber(ARGV[3]) then return 0 end
redis.call('ZADD', KEYS[2], ARGV[2], ARGV[1])
redis.call('HSET', KEYS[1], unpack(ARGV, 4))
return 1
