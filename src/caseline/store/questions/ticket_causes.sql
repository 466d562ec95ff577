-- What is said to have caused which ticket; signatures as they are read now.
SELECT l.left_id AS ticket_id, l.right_kind AS kind,
       CASE WHEN l.right_kind = 'signature' THEN coalesce(a.merged_into, l.right_id)
            ELSE l.right_id END AS id,
       l.state, l.confidence
FROM links l
LEFT JOIN signature_aliases a ON l.right_kind = 'signature' AND a.signature_id = l.right_id
WHERE l.kind = 'cause' AND l.left_kind = 'ticket' AND l.right_kind IN ('issue', 'signature')
ORDER BY l.left_id, l.right_kind, l.right_id
