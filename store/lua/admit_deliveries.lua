-- deliveries
-- Look after one receiver whose time has come. Safe to run at any time, any number of times.
-- KEYS[3], [4] = the receiver's due and sending sets, then the hash of each delivery in A.waiting: if that ran out (nobody sent
-- anything for days), the delivery must not take a slot again and again.
for i, delivery in ipairs(A.waiting) do
  if redis.call('EXISTS', KEYS[4 + i]) == 0 then
    redis.call('ZREM', KEYS[3], delivery)
    redis.call('ZREM', KEYS[4], delivery)
  end
end
admit(A.receiver, KEYS[3], KEYS[4])
