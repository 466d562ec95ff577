-- Every span: what ran where, from when to when.
SELECT environment_id, component, value, kind, valid_from, valid_to
FROM spans
ORDER BY environment_id, component, valid_from, kind, value
