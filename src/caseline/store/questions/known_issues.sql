-- The issues found so far, one row for each of their signatures.
SELECT i.issue_id, i.kind, i.since, i.detected_at, s.signature_id
FROM issues i
JOIN issue_signatures s ON s.issue_id = i.issue_id
ORDER BY i.detected_at, i.issue_id, s.signature_id
