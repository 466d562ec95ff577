-- What each ticket cost, oldest first: no text of it.
-- $opened_from, $opened_to: opened within, the end left out; either may be NULL.
SELECT ticket_id, customer_id, environment_id, opened_at, resolved_at, priority, category, "group",
       effort_hours
FROM tickets
WHERE ($opened_from IS NULL OR opened_at >= $opened_from)
  AND ($opened_to IS NULL OR opened_at < $opened_to)
ORDER BY opened_at, ticket_id
