-- When some signatures first came in each distributed trace, the earliest first.
-- $signature_ids: their ids. $limit: rows at the most. The window: when to look.
-- Only: signature_ids
SELECT trace_id, signature_id, min(moment) AS "at"
FROM events
WHERE moment >= $start AND moment < $end AND trace_id IS NOT NULL
  AND list_contains($signature_ids, signature_id)
  AND time_quality NOT IN ('carried', 'doubtful', 'none')
GROUP BY trace_id, signature_id
ORDER BY "at", trace_id, signature_id
LIMIT $limit
