-- What happened at a customer in a short window, to the microsecond: as customer_hours.
-- $customer: its id. $start, $end: the window.
-- $environments: places whose events that name nobody may be the customer's.
SELECT e.signature_id, e.environment_id,
       CAST(sum(e.severity * e.repeats) AS DOUBLE) AS graveness,
       CAST(sum(CASE WHEN e.severity IS NULL THEN 0 ELSE e.repeats END) AS DOUBLE) AS graded,
       CAST(sum(CASE WHEN e.customer_id = $customer THEN e.repeats ELSE 0 END) AS BIGINT) AS events,
       CAST(sum(CASE WHEN e.customer_id IS NULL THEN coalesce(s.weight, 0) * e.repeats
                     ELSE 0 END) AS DOUBLE) AS shared,
       CAST(sum(CASE WHEN e.customer_id IS NULL AND e.share_group IS NULL THEN e.repeats
                     ELSE 0 END) AS BIGINT) AS unplaced,
       min(e.moment) AS first_at, max(e.moment) AS last_at
FROM events e
LEFT JOIN share_groups s ON s.share_group = e.share_group AND s.customer_id = $customer
WHERE e.moment >= $start AND e.moment < $end
  AND (e.customer_id = $customer
       OR (e.customer_id IS NULL
           AND (s.customer_id IS NOT NULL
                OR (e.share_group IS NULL AND list_contains($environments, e.environment_id)))))
GROUP BY e.signature_id, e.environment_id
ORDER BY e.signature_id, e.environment_id
