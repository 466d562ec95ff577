-- When the events of signatures came, by day, place, owner, version and hour of arrival.
-- $signature_ids: their ids. $start, $end: the window of their moments.
-- Only: signature_ids
SELECT CAST(moment AS DATE) AS day, environment_id, customer_id, version, stage,
       max(received_at) AS received_at, CAST(sum(repeats) AS BIGINT) AS events
FROM events
WHERE list_contains($signature_ids, signature_id) AND moment >= $start AND moment < $end
GROUP BY CAST(moment AS DATE), environment_id, customer_id, version, stage,
         date_trunc('hour', received_at)
ORDER BY day, environment_id, customer_id, version, stage, received_at
