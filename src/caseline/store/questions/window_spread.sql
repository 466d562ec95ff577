-- How far signatures are spread over other customers in a short window.
-- $signature_ids: their ids. $customer: the one left out. $start, $end: the window.
-- Only: signature_ids
SELECT signature_id, CAST(sum(repeats) AS BIGINT) AS elsewhere,
       count(DISTINCT customer_id) AS customers_elsewhere
FROM events
WHERE moment >= $start AND moment < $end AND list_contains($signature_ids, signature_id)
  AND (customer_id IS NULL OR customer_id <> $customer)
GROUP BY signature_id
ORDER BY signature_id
