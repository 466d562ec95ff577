-- Whether any event was stored under a template itself, merged or not: one row, or none.
-- $signature_id: the template.
SELECT own_id
FROM signature_months
WHERE own_id = $signature_id
LIMIT 1
