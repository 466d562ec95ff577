-- How many events the logs of each environment hold that reach into a window.
-- $start, $end: the window.
SELECT environment_id, CAST(sum(events) AS BIGINT) AS events
FROM coverage
WHERE ends_at >= $start AND starts_at < $end
GROUP BY environment_id
ORDER BY environment_id
