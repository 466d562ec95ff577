-- The stretches of days on which each environment's logs are known.
-- $start: the window's start
-- $end: the window's end, not in it
SELECT environment_id,
       CAST(greatest(starts_at, $start) AS DATE) AS first_day,
       CAST(least(ends_at, $end) AS DATE) AS last_day
FROM coverage
WHERE starts_at < $end AND ends_at >= $start
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3
