-- On how many customers (or groups of them) each signature fell, by day, in production.
-- $first_day, $last_day: the days, the last one excluded. $other_stages: not production.
SELECT day, signature_id,
       count(DISTINCT coalesce(customer_id, share_group, environment_id)) AS units,
       CAST(sum(events) AS BIGINT) AS events
FROM days
WHERE day >= $first_day AND day < $last_day
  AND NOT list_contains($other_stages, lower(coalesce(stage, '')))
GROUP BY day, signature_id
ORDER BY day, signature_id
