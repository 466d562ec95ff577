-- When the stored events of some distributed traces happened, host by host, as microseconds.
-- $environment: an id. $trace_ids, $hosts: which. The window: when to look.
SELECT trace_id, host, CAST((epoch_us(min(occurred_at)) + epoch_us(max(occurred_at))) // 2
       AS BIGINT) AS micros
FROM events
WHERE moment >= $start AND moment < $end AND environment_id = $environment
  AND host IN (SELECT unnest($hosts)) AND trace_id IN (SELECT unnest($trace_ids))
  AND time_quality NOT IN ('carried', 'doubtful', 'none')
GROUP BY trace_id, host
ORDER BY trace_id, host
