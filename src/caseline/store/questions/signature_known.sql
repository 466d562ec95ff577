-- The signature that an id stands for today: itself, or the one it was merged into.
-- $signature_id: its id.
SELECT s.signature_id, s.template, s.scheme, s.kind, s.severity, s.first_seen, s.last_seen
FROM signatures s
WHERE s.signature_id = $signature_id
   OR s.signature_id IN (
       SELECT merged_into FROM signature_aliases WHERE signature_id = $signature_id)
ORDER BY s.signature_id
