-- One heartbeat of a worker process for all jobs it holds. Returns a word each: ok, cancel, lost.
-- KEYS: the leases, then the job hashes. ARGV: lease in ms, then id, fence and what was used so far of each job:
-- a worker that is killed in a call has noted what it cost.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local until_ms = string.format('%.0f', now + tonumber(ARGV[1]))
local words = {}
for i = 2, #KEYS do
  local id, fence, spent = ARGV[3 * i - 4], ARGV[3 * i - 3], ARGV[3 * i - 2]
  local job = redis.call('HMGET', KEYS[i], 'fence', 'status', 'lease_until')
  if not job[1] or job[1] ~= fence or (job[2] ~= 'in_progress' and job[2] ~= 'cancelling') then
    words[#words + 1] = 'lost'
  else
    -- A lease that ran out is still ours as long as no other attempt took it: the fence says so.
    redis.call('HSET', KEYS[i], 'lease_until', until_ms, 'spent:' .. fence, spent)
    redis.call('ZADD', KEYS[1], until_ms, id)
    words[#words + 1] = job[2] == 'cancelling' and 'cancel' or 'ok'
  end
end
return words
