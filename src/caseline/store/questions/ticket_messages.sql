-- The thread of tickets, oldest first.
-- $ticket_ids: their ids, or NULL for all.
SELECT ticket_id, "at", author, body, public
FROM messages
WHERE $ticket_ids IS NULL OR list_contains($ticket_ids, ticket_id)
ORDER BY ticket_id, "at", author, body
