-- What signatures are called. $signature_ids: their ids.
SELECT signature_id, template, kind
FROM all_signatures
WHERE list_contains($signature_ids, signature_id)
