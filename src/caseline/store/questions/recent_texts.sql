-- What the latest tickets before a moment say, without their threads.
-- $before: the moment. $limit: how many.
SELECT ticket_id, coalesce(subject, '') || ' ' || coalesce(description, '') AS text
FROM tickets
WHERE opened_at < $before
ORDER BY opened_at DESC, ticket_id
LIMIT $limit
