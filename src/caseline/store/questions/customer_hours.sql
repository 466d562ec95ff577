-- What happened at a customer by hour: its own events, and its part of shared ones.
-- $customer: its id. $start, $end: whole hours.
-- $environments: places whose events that name nobody may be the customer's.
SELECT h.hour, h.signature_id, h.environment_id,
       CAST(sum(h.severity * h.events) AS DOUBLE) AS graveness,
       CAST(sum(CASE WHEN h.severity IS NULL THEN 0 ELSE h.events END) AS DOUBLE) AS graded,
       CAST(sum(CASE WHEN h.customer_id = $customer THEN h.events ELSE 0 END) AS BIGINT) AS events,
       CAST(sum(CASE WHEN h.customer_id IS NULL THEN coalesce(s.weight, 0) * h.events
                     ELSE 0 END) AS DOUBLE) AS shared,
       CAST(sum(CASE WHEN h.customer_id IS NULL AND h.share_group IS NULL THEN h.events
                     ELSE 0 END) AS BIGINT) AS unplaced,
       min(h.first_at) AS first_at, max(h.last_at) AS last_at
FROM hours h
LEFT JOIN share_groups s ON s.share_group = h.share_group AND s.customer_id = $customer
WHERE h.hour >= $start AND h.hour < $end
  AND (h.customer_id = $customer
       OR (h.customer_id IS NULL
           AND (s.customer_id IS NOT NULL
                OR (h.share_group IS NULL AND list_contains($environments, h.environment_id)))))
GROUP BY h.hour, h.signature_id, h.environment_id
ORDER BY h.hour, h.signature_id, h.environment_id
