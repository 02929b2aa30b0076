-- Open a session within both caps. Returns 'ok' and its times, or 'caps' and every cap that is reached.
-- KEYS: session, all sessions, the key's sessions. ARGV: JSON, wrapped data key, sealed metadata.
local A = cjson.decode(ARGV[1])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function ms(n) return string.format('%.0f', n) end

redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', ms(now - A.max_ms))  -- swept long ago
local reached = {'caps'}
if redis.call('ZCOUNT', KEYS[3], ms(now), '+inf') >= A.key_cap then reached[#reached + 1] = 'MAX_SESSIONS_PER_API_KEY' end
if redis.call('ZCOUNT', KEYS[2], ms(now), '+inf') >= A.total_cap then reached[#reached + 1] = 'MAX_TOTAL_SESSIONS' end
if #reached > 1 then return reached end
local ends = now + A.max_ms
local expires = math.min(now + A.ttl_ms, ends)
redis.call('HSET', KEYS[1], 'key_id', A.key_id, 'n', 0, 'created_at', ms(now), 'expires_at', ms(expires),
  'ends_at', ms(ends), 'data_key', ARGV[2], 'metadata', ARGV[3])
redis.call('PEXPIREAT', KEYS[1], ms(ends + 3600 * 1000))
redis.call('ZADD', KEYS[2], ms(expires), A.session)
redis.call('ZADD', KEYS[3], ms(expires), A.session)
return {'ok', ms(now), ms(expires)}
