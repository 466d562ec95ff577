-- How usual signatures are in the fleet: events and customers of some days.
-- $signature_ids: their ids. $first_day, $last_day: the days, the last one excluded.
-- Only: signature_ids
SELECT signature_id, CAST(sum(events) AS BIGINT) AS events,
       count(DISTINCT coalesce(customer_id, share_group, environment_id)) AS units,
       count(DISTINCT day) AS days
FROM days
WHERE list_contains($signature_ids, signature_id) AND day >= $first_day AND day < $last_day
GROUP BY signature_id
ORDER BY signature_id
