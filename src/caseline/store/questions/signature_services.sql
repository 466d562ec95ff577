-- Which services write some signatures, and how many signatures each of them writes in all.
-- $signature_ids: their ids.
SELECT w.service, count(DISTINCT w.signature_id) AS signatures
FROM signature_services w
WHERE w.service IN (
    SELECT s.service
    FROM signature_services s
    LEFT JOIN signature_aliases a ON a.signature_id = s.signature_id
    WHERE list_contains($signature_ids, coalesce(a.merged_into, s.signature_id))
)
GROUP BY w.service
ORDER BY w.service
