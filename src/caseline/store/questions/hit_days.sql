-- On which days which customers had which signature where, in production.
-- $first_day, $last_day: the days, the last one excluded. $other_stages: not production.
-- $members, $heads: signatures that count as another one, and which.
-- $every: all signatures; else only $signature_ids (of those that count as another one, the other).
SELECT coalesce(k.head_id, d.signature_id) AS signature_id, d.environment_id, d.customer_id,
       d.day, CAST(sum(d.events) AS BIGINT) AS events
FROM days d
LEFT JOIN (SELECT unnest(CAST($members AS VARCHAR[])) AS signature_id,
                  unnest(CAST($heads AS VARCHAR[])) AS head_id) k ON k.signature_id = d.signature_id
WHERE d.day >= $first_day AND d.day < $last_day
  AND NOT list_contains($other_stages, lower(coalesce(d.stage, '')))
  AND ($every
       OR list_contains($signature_ids, coalesce(k.head_id, d.signature_id)))
GROUP BY coalesce(k.head_id, d.signature_id), d.environment_id, d.customer_id, d.day
ORDER BY signature_id, d.environment_id, d.customer_id, d.day
