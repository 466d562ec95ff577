-- On which stretches of days logs of which environment are there.
-- $start, $end: only stretches that touch this window.
SELECT environment_id, CAST(starts_at AS DATE) AS first_day, CAST(ends_at AS DATE) AS last_day
FROM coverage
WHERE ends_at >= $start AND starts_at < $end
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3
