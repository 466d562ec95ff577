-- Which of some signatures a version began to sample, and how much of them is left.
-- $signature_ids: their ids.
SELECT from_id, since_version, ratio
FROM lineage
WHERE kind = 'sampled' AND from_id = to_id AND state <> 'withdrawn' AND state <> 'rejected'
  AND list_contains($signature_ids, from_id)
ORDER BY from_id
