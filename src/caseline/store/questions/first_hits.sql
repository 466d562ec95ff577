-- When signatures first and last fell on each customer (or group of them) in some days, in production.
-- $signature_ids: their ids. $first_day, $last_day: the days, the last one excluded.
-- $other_stages: the stages that are not production.
-- $members, $heads: signatures that count as another one, and which.
SELECT coalesce(k.head_id, d.signature_id) AS signature_id,
       coalesce(d.customer_id, d.share_group, d.environment_id) AS unit, d.customer_id,
       d.share_group, min(d.first_at) AS first_at, max(d.last_at) AS last_at,
       CAST(sum(d.events) AS BIGINT) AS events
FROM days d
LEFT JOIN (SELECT unnest(CAST($members AS VARCHAR[])) AS signature_id,
                  unnest(CAST($heads AS VARCHAR[])) AS head_id) k ON k.signature_id = d.signature_id
WHERE list_contains($signature_ids, coalesce(k.head_id, d.signature_id))
  AND d.day >= $first_day AND d.day < $last_day
  AND NOT list_contains($other_stages, lower(coalesce(d.stage, '')))
GROUP BY coalesce(k.head_id, d.signature_id),
         coalesce(d.customer_id, d.share_group, d.environment_id), d.customer_id, d.share_group
ORDER BY signature_id, unit
