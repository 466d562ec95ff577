-- Every change, by id.
SELECT change_id, kind, component, value, scope, starts_at, ends_at
FROM changes
ORDER BY change_id
