-- What ran at environments in a window.
-- $environments: their ids. $start, $end: the window.
SELECT environment_id, component, kind, value, valid_from, valid_to
FROM spans
WHERE list_contains($environments, environment_id)
  AND (valid_from IS NULL OR valid_from < $end) AND (valid_to IS NULL OR valid_to > $start)
ORDER BY environment_id, component, kind, valid_from, value
