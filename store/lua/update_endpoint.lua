-- Change a webhook endpoint, unless it was deleted meanwhile. KEYS: the endpoint. ARGV: 1 if it is being enabled, then fields
-- and values.
if redis.call('EXISTS', KEYS[1]) == 0 then return end
if ARGV[1] == '1' then redis.call('HDEL', KEYS[1], 'failing_since', 'disabled_reason', 'disabled_at') end
if ARGV[2] then redis.call('HSET', KEYS[1], unpack(ARGV, 2)) end
