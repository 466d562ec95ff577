-- Which signature became which: the latest word on each pair.
SELECT from_id, to_id, position, kind, state, together, confidence, ratio, since_version, since,
       environments, events_before, events_after, reasons, author, decided_at
FROM lineage
ORDER BY from_id, to_id
