-- What a window's days, hours and events outside whole months hold, by signature and place.
-- $start, $end: the window. The pairs of bounds are those of top_signatures.
SELECT signature_id, environment_id, customer_id, share_group, max(severity) AS severity,
       CAST(sum(events) AS BIGINT) AS events, min(first_at) AS first_at, max(last_at) AS last_at
FROM (
    SELECT signature_id, environment_id, customer_id, share_group, severity,
           events, first_at, last_at
    FROM days
    WHERE day >= $day_start AND day < $month_start
    UNION ALL
    SELECT signature_id, environment_id, customer_id, share_group, severity,
           events, first_at, last_at
    FROM days
    WHERE day >= $month_end AND day < $day_end
    UNION ALL
    SELECT signature_id, environment_id, customer_id, share_group, severity,
           events, first_at, last_at
    FROM hours
    WHERE hour >= $hour_start AND hour < $day_start
    UNION ALL
    SELECT signature_id, environment_id, customer_id, share_group, severity,
           events, first_at, last_at
    FROM hours
    WHERE hour >= $day_end AND hour < $hour_end
    UNION ALL
    SELECT signature_id, environment_id, customer_id, share_group, severity,
           CAST(repeats AS BIGINT) AS events, moment AS first_at, moment AS last_at
    FROM events
    WHERE moment >= $start AND moment < $hour_start
    UNION ALL
    SELECT signature_id, environment_id, customer_id, share_group, severity,
           CAST(repeats AS BIGINT) AS events, moment AS first_at, moment AS last_at
    FROM events
    WHERE moment >= $hour_end AND moment < $end
) edges
GROUP BY signature_id, environment_id, customer_id, share_group
