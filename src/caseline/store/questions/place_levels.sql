-- How many events of which severity came from which environment, and of whom, in some months.
-- $first_month, $last_month: their first days, the last one excluded.
SELECT environment_id, customer_id, severity, CAST(sum(events) AS BIGINT) AS events
FROM months
WHERE month >= $first_month AND month < $last_month
GROUP BY environment_id, customer_id, severity
ORDER BY environment_id, customer_id, severity
