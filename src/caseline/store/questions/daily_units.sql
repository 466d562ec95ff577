-- On how many customers (or groups of them) each signature fell, by day, in production.
-- $first_day, $last_day: the days, the last one excluded. $other_stages: not production.
-- $members, $heads: signatures that count as another one, and which.
SELECT d.day, coalesce(k.head_id, d.signature_id) AS signature_id,
       count(DISTINCT coalesce(d.customer_id, d.share_group, d.environment_id)) AS units,
       CAST(sum(d.events) AS BIGINT) AS events
FROM days d
LEFT JOIN (SELECT unnest(CAST($members AS VARCHAR[])) AS signature_id,
                  unnest(CAST($heads AS VARCHAR[])) AS head_id) k ON k.signature_id = d.signature_id
WHERE d.day >= $first_day AND d.day < $last_day
  AND NOT list_contains($other_stages, lower(coalesce(d.stage, '')))
GROUP BY d.day, coalesce(k.head_id, d.signature_id)
ORDER BY day, signature_id
