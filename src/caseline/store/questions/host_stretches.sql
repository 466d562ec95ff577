-- From when to when logs of which host are there, as they came.
-- $start, $end: the stretches that reach into this window.
SELECT environment_id, host, starts_at, max(ends_at) AS ends_at
FROM coverage
WHERE ends_at >= $start AND starts_at < $end
GROUP BY environment_id, host, starts_at
ORDER BY environment_id, host, starts_at
