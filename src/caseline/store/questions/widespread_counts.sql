-- How often the most widespread signatures came from each environment in some months.
-- $first_month, $last_month: their first days, the last one excluded. $limit: signatures.
SELECT m.signature_id, m.environment_id, CAST(sum(m.events) AS BIGINT) AS events
FROM months m
JOIN (
    SELECT signature_id
    FROM months
    WHERE month >= $first_month AND month < $last_month
    GROUP BY signature_id
    ORDER BY count(DISTINCT environment_id) DESC, signature_id
    LIMIT $limit
) w ON w.signature_id = m.signature_id
WHERE m.month >= $first_month AND m.month < $last_month
GROUP BY m.signature_id, m.environment_id
ORDER BY m.signature_id, m.environment_id
