-- The pairs of signatures that are counted as one: one became the other.
SELECT from_id, to_id, kind, state
FROM lineage
WHERE from_id <> to_id AND (state = 'confirmed' OR (state = 'proposed' AND together))
ORDER BY from_id, to_id
