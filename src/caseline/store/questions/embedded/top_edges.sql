-- What a window's days, hours and events outside whole months hold, by signature and place.
-- $start, $end: the window. The pairs of bounds are those of top_signatures.
SELECT signature_id, environment_id, customer_id, share_group, max(severity) AS severity,
       CAST(sum(events) AS BIGINT) AS events, min(first_at) AS first_at, max(last_at) AS last_at
FROM (
    SELECT signature_id, environment_id, customer_id, share_group, severity,
           events, first_at, last_at
    FROM days
    WHERE day >= $day_start AND day < $day_end
      AND NOT (day >= $month_start AND day < $month_end)
    UNION ALL
    SELECT signature_id, environment_id, customer_id, share_group, severity,
           events, first_at, last_at
    FROM hours
    WHERE hour >= $hour_start AND hour < $hour_end
      AND NOT (hour >= $day_start AND hour < $day_end)
    UNION ALL
    SELECT signature_id, environment_id, customer_id, share_group, severity,
           CAST(repeats AS BIGINT) AS events, moment AS first_at, moment AS last_at
    FROM events
    WHERE moment >= $start AND moment < $end
      AND NOT (moment >= $hour_start AND moment < $hour_end)
) edges
GROUP BY signature_id, environment_id, customer_id, share_group
