-- Changes that touch a window.
-- $start, $end: the window.
SELECT change_id, kind, component, value, scope, starts_at, ends_at
FROM changes
WHERE coalesce(starts_at, ends_at) < $end AND coalesce(ends_at, starts_at) >= $start
ORDER BY starts_at, change_id
