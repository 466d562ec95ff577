-- What was recorded of all fixes, by issue or signature, the latest first.
SELECT issue_id, component, position, fixed_in, affected_from, affected, branches, recorded_at
FROM fixes
ORDER BY issue_id, recorded_at DESC, position DESC, component
