-- Signatures by the customers they certainly hit, or by their events, over all that is stored.
-- $by: 'customers' or 'events'. $limit: rows.
WITH grouped AS (
    SELECT signature_id, environment_id, customer_id, share_group,
           max(severity) AS severity, sum(events) AS events,
           min(first_at) AS first_at, max(last_at) AS last_at
    FROM months
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
