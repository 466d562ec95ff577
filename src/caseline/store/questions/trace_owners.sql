-- Whose the stored events of some distributed traces are, and when they happened, as microseconds.
-- $environment: an id. $trace_ids: which. The window: when to look.
SELECT trace_id, customer_id, count(*) AS events, CAST(epoch_us(min(moment)) AS BIGINT) AS first_at,
       CAST(epoch_us(max(moment)) AS BIGINT) AS last_at
FROM events
WHERE moment >= $start AND moment < $end AND environment_id = $environment
  AND customer_id IS NOT NULL AND trace_id IN (SELECT unnest($trace_ids))
GROUP BY trace_id, customer_id
ORDER BY trace_id, customer_id
