-- What some tickets say, without their threads.
-- $ticket_ids: which.
SELECT ticket_id, coalesce(subject, '') || ' ' || coalesce(description, '') AS text
FROM tickets
WHERE list_contains($ticket_ids, ticket_id)
ORDER BY ticket_id
