-- Note that an API key is used: at most once a minute, and not if it was revoked in the meantime. KEYS: record.
local used = redis.call('HMGET', KEYS[1], 'hash', 'last_used_at')
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if used[1] and now - tonumber(used[2] or 0) >= 60000 then
  redis.call('HSET', KEYS[1], 'last_used_at', string.format('%.0f', now))
end
return 'ok'
