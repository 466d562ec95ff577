-- Which signatures a version began to sample, and how much of them is left.
SELECT from_id, since_version, ratio
FROM lineage
WHERE kind = 'sampled' AND from_id = to_id AND state <> 'withdrawn' AND state <> 'rejected'
ORDER BY from_id
