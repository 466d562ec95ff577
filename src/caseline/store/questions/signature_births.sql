-- When each signature was first seen in production, and how severe it is.
-- $other_stages: the stages that are not production.
SELECT signature_id, min(first_at) AS first_seen, max(severity) AS severity
FROM all_months
WHERE NOT list_contains($other_stages, lower(coalesce(stage, '')))
GROUP BY signature_id
ORDER BY signature_id
