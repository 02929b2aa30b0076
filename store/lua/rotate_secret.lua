-- Replace a signing secret and keep the one before for a while. KEYS: what it belongs to. ARGV: sealed secret, until when (ms).
local old = redis.call('HGET', KEYS[1], 'secret')
if old and old ~= ARGV[1] then  -- (the same: the client library sent it twice)
  redis.call('HSET', KEYS[1], 'secret', ARGV[1], 'old_secret', old, 'old_until', ARGV[2])
end
