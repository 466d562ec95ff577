-- On whom each signature (or what it counts as) fell in three stretches, in production.
-- $first_day, $middle_day, $recent_day, $last_day: their days, the last one excluded.
-- $other_stages: not production. $members, $heads: what counts as another one, and which.
SELECT coalesce(k.head_id, d.signature_id) AS id,
       coalesce(d.customer_id, d.share_group, d.environment_id) AS unit, d.customer_id,
       max(d.severity) AS severity, CAST(sum(d.events) AS BIGINT) AS events,
       count(DISTINCT CASE WHEN d.day < $middle_day THEN d.day END) AS days_first,
       count(DISTINCT CASE WHEN d.day >= $middle_day AND d.day < $recent_day THEN d.day END)
       AS days_middle,
       count(DISTINCT CASE WHEN d.day >= $recent_day THEN d.day END) AS days_recent,
       max(d.last_at) AS last_at
FROM days d
LEFT JOIN (SELECT unnest(CAST($members AS VARCHAR[])) AS signature_id,
                  unnest(CAST($heads AS VARCHAR[])) AS head_id) k ON k.signature_id = d.signature_id
WHERE d.day >= $first_day AND d.day < $last_day
  AND NOT list_contains($other_stages, lower(coalesce(d.stage, '')))
GROUP BY coalesce(k.head_id, d.signature_id),
         coalesce(d.customer_id, d.share_group, d.environment_id), d.customer_id
ORDER BY id, unit
