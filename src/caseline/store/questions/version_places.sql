-- How often each signature was seen in each place under each version, and how severe it was.
SELECT signature_id, environment_id, version, CAST(sum(events) AS BIGINT) AS events,
       min(first_at) AS first_at, max(last_at) AS last_at,
       CAST(sum(CAST(severity AS DOUBLE) * events) AS DOUBLE)
           / nullif(CAST(sum(CASE WHEN severity IS NULL THEN 0 ELSE events END) AS DOUBLE), 0)
           AS severity
FROM all_months
WHERE version IS NOT NULL
GROUP BY signature_id, environment_id, version
ORDER BY signature_id, environment_id, version
