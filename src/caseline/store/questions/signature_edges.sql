-- What signatures did in a part of an hour: as signature_days, from the events themselves.
-- $signature_ids: their ids.
-- $start, $end: the part.
-- Only: signature_ids
SELECT CAST(moment AS DATE) AS day, signature_id, environment_id, customer_id, share_group,
       version, stage, max(severity) AS severity, CAST(sum(repeats) AS BIGINT) AS events,
       min(moment) AS first_at, max(moment) AS last_at
FROM possible_events
WHERE moment >= $start AND moment < $end AND list_contains($signature_ids, signature_id)
GROUP BY CAST(moment AS DATE), signature_id, environment_id, customer_id, share_group,
         version, stage
ORDER BY day, signature_id, environment_id, customer_id, share_group, version, stage
