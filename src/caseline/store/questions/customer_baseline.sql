-- What is usual at a customer: events of some days by signature and place.
-- $customer: its id. $first_day, $last_day: the days, the last one excluded.
-- $environments: places whose events that name nobody may be the customer's.
SELECT d.signature_id, d.environment_id,
       CAST(sum(d.severity * d.events) AS DOUBLE) AS graveness,
       CAST(sum(CASE WHEN d.severity IS NULL THEN 0 ELSE d.events END) AS DOUBLE) AS graded,
       CAST(sum(CASE WHEN d.customer_id = $customer THEN d.events ELSE 0 END) AS BIGINT) AS events,
       CAST(sum(CASE WHEN d.customer_id IS NULL THEN coalesce(s.weight, 0) * d.events
                     ELSE 0 END) AS DOUBLE) AS shared,
       CAST(sum(CASE WHEN d.customer_id IS NULL AND d.share_group IS NULL THEN d.events
                     ELSE 0 END) AS BIGINT) AS unplaced,
       count(DISTINCT d.day) AS days, min(d.first_at) AS first_at, max(d.last_at) AS last_at
FROM days d
LEFT JOIN share_groups s ON s.share_group = d.share_group AND s.customer_id = $customer
WHERE d.day >= $first_day AND d.day < $last_day
  AND (d.customer_id = $customer
       OR (d.customer_id IS NULL
           AND (s.customer_id IS NOT NULL
                OR (d.share_group IS NULL AND list_contains($environments, d.environment_id)))))
GROUP BY d.signature_id, d.environment_id
ORDER BY d.signature_id, d.environment_id
