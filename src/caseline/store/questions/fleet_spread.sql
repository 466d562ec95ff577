-- How far signatures are spread over the fleet in some hours.
-- $signature_ids: their ids. $start, $end: whole hours.
-- Only: signature_ids
SELECT signature_id, CAST(sum(events) AS BIGINT) AS events,
       count(DISTINCT coalesce(customer_id, share_group, environment_id)) AS units
FROM hours
WHERE list_contains($signature_ids, signature_id) AND hour >= $start AND hour < $end
GROUP BY signature_id
ORDER BY signature_id
