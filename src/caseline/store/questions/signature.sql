-- One signature: what it is, and how much was seen of it. No row where nothing was seen.
-- $signature: its id, the one that merged ones are read as.
SELECT t.signature_id, t.template, t.kind, t.scheme, max(m.severity) AS severity,
       CAST(sum(m.events) AS BIGINT) AS events, count(DISTINCT m.customer_id) AS customers,
       count(DISTINCT m.environment_id) AS environments,
       min(m.first_at) AS first_seen, max(m.last_at) AS last_seen, t.parts, t.rules
FROM all_signatures t
JOIN months m ON m.signature_id = t.signature_id
WHERE t.signature_id = $signature
GROUP BY t.signature_id, t.template, t.kind, t.scheme, t.parts, t.rules
