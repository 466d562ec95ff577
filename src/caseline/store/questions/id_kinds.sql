-- What some ids are (but changes: a question of their own), and what a merged signature is
-- read as: an id may be several things.
-- $ids: the ids.
SELECT DISTINCT kind, id, read_as
FROM (
    SELECT 'ticket' AS kind, ticket_id AS id, ticket_id AS read_as FROM tickets
    UNION ALL
    SELECT 'issue' AS kind, issue_id AS id, issue_id AS read_as FROM issues
    UNION ALL
    SELECT 'signature' AS kind, signature_id AS id, signature_id AS read_as FROM signatures
    UNION ALL
    SELECT 'signature' AS kind, a.signature_id AS id, a.merged_into AS read_as
    FROM signature_aliases a JOIN signatures s ON s.signature_id = a.merged_into
    UNION ALL
    SELECT 'customer' AS kind, customer_id AS id, customer_id AS read_as FROM customers
    UNION ALL
    SELECT 'environment' AS kind, environment_id AS id, environment_id AS read_as FROM environments
) known
WHERE list_contains($ids, id)
ORDER BY kind, id
