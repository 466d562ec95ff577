-- What a signature is read as; no row where it was never merged.
-- $signature_id: its id.
SELECT signature_id, merged_into
FROM signature_aliases
WHERE signature_id = $signature_id
