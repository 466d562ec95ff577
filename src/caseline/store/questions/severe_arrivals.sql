-- When severe events came, by day, place and hour of arrival.
-- $start, $end: the window of their moments. $severity: the least one.
SELECT CAST(moment AS DATE) AS day, environment_id, stage,
       max(received_at) AS received_at, CAST(sum(repeats) AS BIGINT) AS events
FROM events
WHERE severity >= $severity AND moment >= $start AND moment < $end
GROUP BY CAST(moment AS DATE), environment_id, stage, date_trunc('hour', received_at)
ORDER BY day, environment_id, stage, received_at
