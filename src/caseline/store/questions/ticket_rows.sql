-- Tickets, oldest first; each filter may be NULL.
-- $ticket_id: one ticket. $customer: its tickets only. $opened_from, $opened_to: opened within.
SELECT ticket_id, customer_id, environment_id, opened_at, resolved_at, status, priority, category,
       subject, description, assignee, "group", effort_hours
FROM tickets
WHERE ($ticket_id IS NULL OR ticket_id = $ticket_id)
  AND ($customer IS NULL OR customer_id = $customer)
  AND ($opened_from IS NULL OR opened_at >= $opened_from)
  AND ($opened_to IS NULL OR opened_at < $opened_to)
ORDER BY opened_at, ticket_id
