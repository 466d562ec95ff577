-- What the clocks of one environment showed when its collections came. $environment: an id.
SELECT environment_id, host, zoned, slot, collection_id, received_at, collected_at, oldest_at,
       newest_at, records
FROM clock_readings
WHERE environment_id = $environment
ORDER BY received_at, slot
