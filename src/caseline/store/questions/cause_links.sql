-- What people decided about the causes of tickets: one row for each ticket and cause.
-- A cause that is an issue is each of its signatures; signature_id is NULL of any other cause.
-- $ticket_id: one ticket; NULL for all.
SELECT t.ticket_id, t.customer_id, t.opened_at, l.state, l.decided_by, l.decided_at,
       CASE WHEN l.right_kind = 'signature' THEN coalesce(a.merged_into, l.right_id)
            ELSE s.signature_id END AS signature_id
FROM links l
JOIN tickets t ON t.ticket_id = l.left_id
LEFT JOIN signature_aliases a ON l.right_kind = 'signature' AND a.signature_id = l.right_id
LEFT JOIN issue_signatures s ON l.right_kind = 'issue' AND s.issue_id = l.right_id
WHERE l.kind = 'cause' AND l.left_kind = 'ticket' AND l.right_kind <> 'ticket'
  AND l.state IN ('confirmed', 'rejected')
  AND ($ticket_id IS NULL OR t.ticket_id = $ticket_id)
ORDER BY t.opened_at, t.ticket_id, signature_id, l.state
