-- What signatures are.
-- $signature_ids: their ids.
SELECT signature_id, template, scheme, kind, severity, first_seen, last_seen
FROM signatures
WHERE list_contains($signature_ids, signature_id)
ORDER BY signature_id
