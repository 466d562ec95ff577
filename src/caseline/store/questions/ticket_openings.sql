-- When which customer opened a ticket, oldest first.
SELECT ticket_id, customer_id, environment_id, opened_at
FROM tickets
ORDER BY opened_at, ticket_id
