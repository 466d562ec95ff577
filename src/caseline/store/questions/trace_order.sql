-- Which of some signatures come before which in the distributed traces of a customer.
-- $customer: its id. $signature_ids: which. The window: when to look.
-- $environments: places whose events that name nobody may be the customer's.
-- Only: signature_ids
WITH firsts AS (
    SELECT trace_id, signature_id, min(moment) AS first_at
    FROM events
    WHERE moment >= $start AND moment < $end AND trace_id IS NOT NULL
      AND list_contains($signature_ids, signature_id)
      AND time_quality NOT IN ('carried', 'doubtful', 'none')
      AND (customer_id = $customer
           OR (customer_id IS NULL AND list_contains($environments, environment_id)))
    GROUP BY trace_id, signature_id
)
SELECT a.signature_id AS one_id, b.signature_id AS other_id, count(*) AS together,
       CAST(sum(CASE WHEN a.first_at < b.first_at THEN 1 ELSE 0 END) AS BIGINT) AS ahead,
       CAST(sum(CASE WHEN a.first_at > b.first_at THEN 1 ELSE 0 END) AS BIGINT) AS behind
FROM firsts a
JOIN firsts b ON b.trace_id = a.trace_id
WHERE a.signature_id <= b.signature_id
GROUP BY a.signature_id, b.signature_id
ORDER BY one_id, other_id
