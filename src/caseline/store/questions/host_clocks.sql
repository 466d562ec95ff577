-- What was found of the clocks of hosts, by place and time. $environment: an id, or NULL.
SELECT environment_id, host, zoned, kind, offset_seconds, low, high, drift_per_day, pairs,
       readings, starts_at, ends_at, applied, records, received_at, seen_at
FROM clocks
WHERE ($environment IS NULL OR environment_id = $environment)
ORDER BY environment_id, host, zoned, starts_at, received_at
