-- When each signature was first seen in production, and how severe it is.
-- $other_stages: the stages that are not production.
-- $members, $heads: signatures that count as another one, and which.
SELECT coalesce(k.head_id, m.signature_id) AS signature_id, min(m.first_at) AS first_seen,
       max(m.severity) AS severity
FROM all_months m
LEFT JOIN (SELECT unnest(CAST($members AS VARCHAR[])) AS signature_id,
                  unnest(CAST($heads AS VARCHAR[])) AS head_id) k ON k.signature_id = m.signature_id
WHERE NOT list_contains($other_stages, lower(coalesce(m.stage, '')))
GROUP BY coalesce(k.head_id, m.signature_id)
ORDER BY signature_id
