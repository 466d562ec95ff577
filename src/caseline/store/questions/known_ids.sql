-- All ids that may be asked for: to offer near ones when one is unknown.
SELECT 'signature' AS kind, signature_id AS id FROM signatures
UNION ALL
SELECT 'issue' AS kind, issue_id AS id FROM issues
UNION ALL
SELECT 'customer' AS kind, customer_id AS id FROM customers
UNION ALL
SELECT 'ticket' AS kind, ticket_id AS id FROM tickets
ORDER BY kind, id
