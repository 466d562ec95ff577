-- What was recorded of the fix of an issue or signature, the latest first.
-- $issue_id: its id.
SELECT issue_id, component, position, fixed_in, affected_from, affected, branches, author,
       recorded_at
FROM fixes
WHERE issue_id = $issue_id
ORDER BY recorded_at DESC, position DESC, component
