-- What every signature did in production in a window and in the one before it.
-- $start, $middle, $end: whole hours; the window before ends at the middle.
-- $other_stages: the stages that are not production.
SELECT signature_id,
       CAST(sum(CASE WHEN hour >= $middle THEN events ELSE 0 END) AS BIGINT) AS events,
       CAST(sum(CASE WHEN hour < $middle THEN events ELSE 0 END) AS BIGINT) AS events_before,
       count(DISTINCT CASE WHEN hour >= $middle THEN customer_id END) AS customers,
       count(DISTINCT CASE WHEN hour < $middle THEN customer_id END) AS customers_before,
       count(DISTINCT CASE WHEN hour >= $middle THEN place_day END) AS hit_days,
       count(DISTINCT CASE WHEN hour < $middle THEN place_day END) AS hit_days_before
FROM (
    SELECT hour, signature_id, customer_id, events,
           coalesce(customer_id, share_group, environment_id) || ' ' || CAST(hour AS DATE)
           AS place_day
    FROM hours
    WHERE hour >= $start AND hour < $end
      AND NOT list_contains($other_stages, lower(coalesce(stage, '')))
) placed
GROUP BY signature_id
ORDER BY signature_id
