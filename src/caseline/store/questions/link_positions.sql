-- Where the next decision on a link stands.
-- $link_id: its id.
SELECT coalesce(max(position) + 1, 0) AS position
FROM link_decisions
WHERE link_id = $link_id
