-- Which logs of environments reach into a window.
-- $environments: their ids. $start, $end: the window.
SELECT environment_id, host, min(starts_at) AS starts_at, max(ends_at) AS ends_at,
       CAST(sum(events) AS BIGINT) AS events, max(received_at) AS received_at
FROM coverage
WHERE list_contains($environments, environment_id) AND ends_at >= $start AND starts_at < $end
GROUP BY environment_id, host
ORDER BY environment_id, host
