-- When logs of which environment's days first came: a row for each stretch of days.
-- $start, $end: the stretches that reach into this window.
SELECT environment_id, CAST(starts_at AS DATE) AS first_day, CAST(ends_at AS DATE) AS last_day,
       min(received_at) AS received_at
FROM coverage
WHERE ends_at >= $start AND starts_at < $end
GROUP BY environment_id, CAST(starts_at AS DATE), CAST(ends_at AS DATE)
ORDER BY environment_id, first_day, last_day
