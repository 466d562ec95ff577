-- Signatures of a window by the customers they certainly hit, or by their events.
-- $start, $end: the window; whole months, days and hours of it come from rollups.
-- $month_start, $month_end, $day_start, $day_end, $hour_start, $hour_end: each pair lies
-- within the one after it and within the window; equal ends mean that there is none.
-- $by: 'customers' or 'events'. $limit: rows.
WITH counted AS (
    SELECT signature_id, environment_id, customer_id, share_group, severity,
           events, first_at, last_at
    FROM months
    WHERE month >= $month_start AND month < $month_end
    UNION ALL
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
),
grouped AS (
    SELECT signature_id, environment_id, customer_id, share_group,
           max(severity) AS severity, sum(events) AS events,
           min(first_at) AS first_at, max(last_at) AS last_at
    FROM counted
    GROUP BY signature_id, environment_id, customer_id, share_group
),
possible AS (
    SELECT signature_id, count(DISTINCT customer_id) AS customers
    FROM (
        SELECT signature_id, customer_id FROM grouped WHERE customer_id IS NOT NULL
        UNION ALL
        SELECT g.signature_id, s.customer_id
        FROM grouped g
        JOIN share_groups s ON s.share_group = g.share_group
        WHERE g.customer_id IS NULL
    ) either
    GROUP BY signature_id
),
ranked AS (
    SELECT signature_id, max(severity) AS severity, CAST(sum(events) AS BIGINT) AS events,
           count(DISTINCT customer_id) AS customers,
           count(DISTINCT environment_id) AS environments,
           min(first_at) AS first_seen, max(last_at) AS last_seen
    FROM grouped
    GROUP BY signature_id
)
SELECT r.signature_id, t.template, r.severity, r.events, r.customers, r.environments,
       r.first_seen, r.last_seen, coalesce(p.customers, 0) AS customers_possible, t.kind
FROM ranked r
JOIN all_signatures t ON t.signature_id = r.signature_id
LEFT JOIN possible p ON p.signature_id = r.signature_id
ORDER BY CASE WHEN $by = 'customers' THEN r.customers ELSE r.events END DESC,
         CASE WHEN $by = 'customers' THEN coalesce(p.customers, 0) ELSE 0 END DESC,
         r.events DESC, r.signature_id
LIMIT $limit
