-- The links of something, oldest first; signatures as they are read now.
-- $id: of one of the ends; NULL for all. $link_id: one link; NULL for all.
SELECT link_id, left_kind, left_id, right_kind, right_id, kind, state, confidence, reasons, author,
       created_at, decided_by, decided_at
FROM (
    SELECT l.link_id, l.left_kind, l.right_kind, l.kind, l.state, l.confidence, l.reasons,
           l.author, l.created_at, l.decided_by, l.decided_at,
           CASE WHEN l.left_kind = 'signature' THEN coalesce(a.merged_into, l.left_id)
                ELSE l.left_id END AS left_id,
           CASE WHEN l.right_kind = 'signature' THEN coalesce(b.merged_into, l.right_id)
                ELSE l.right_id END AS right_id
    FROM links l
    LEFT JOIN signature_aliases a ON a.signature_id = l.left_id
    LEFT JOIN signature_aliases b ON b.signature_id = l.right_id
) told
WHERE ($link_id IS NULL OR link_id = $link_id)
  AND ($id IS NULL OR left_id = $id OR right_id = $id)
ORDER BY created_at, link_id
