-- Which version of which component ran where, and when.
SELECT environment_id, component, value, valid_from, valid_to
FROM spans
WHERE kind = 'version' OR kind IS NULL
ORDER BY environment_id, component, valid_from
