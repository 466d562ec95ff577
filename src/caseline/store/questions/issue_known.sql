-- An issue with its signatures, one row each.
-- $issue_id: its id.
SELECT i.issue_id, i.kind, i.status, i.title, i.detected_at, i.since, s.signature_id
FROM issues i
JOIN issue_signatures s ON s.issue_id = i.issue_id
WHERE i.issue_id = $issue_id
ORDER BY s.signature_id
