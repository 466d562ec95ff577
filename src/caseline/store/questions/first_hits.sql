-- When signatures first and last fell on each customer (or group of them) in some days, in production.
-- $signature_ids: their ids. $first_day, $last_day: the days, the last one excluded.
-- $other_stages: the stages that are not production.
SELECT signature_id, coalesce(customer_id, share_group, environment_id) AS unit, customer_id,
       share_group, min(first_at) AS first_at, max(last_at) AS last_at,
       CAST(sum(events) AS BIGINT) AS events
FROM days
WHERE list_contains($signature_ids, signature_id) AND day >= $first_day AND day < $last_day
  AND NOT list_contains($other_stages, lower(coalesce(stage, '')))
GROUP BY signature_id, coalesce(customer_id, share_group, environment_id), customer_id, share_group
ORDER BY signature_id, unit
