-- As events_with_text, at some moments only. $moments: which.
WITH found AS MATERIALIZED (
    SELECT moment, occurred_at, received_at, environment_id, customer_id, version, stage, service,
           host, severity, severity_text, signature_id, template_id, variables, message, trace_id,
           time_quality, repeats, written_at
    FROM events
    WHERE moment IN (SELECT unnest(CAST($moments AS TIMESTAMP[])))
      AND ($customer IS NULL OR customer_id = $customer)
      AND ($environment IS NULL OR environment_id = $environment)
      AND ($signature IS NULL OR signature_id = $signature)
      AND ($trace IS NULL OR trace_id = $trace)
)
SELECT e.occurred_at, e.received_at, e.environment_id, e.customer_id, e.version, e.stage,
       e.service, e.host, e.severity, e.severity_text, e.signature_id, text_of(e, t) AS message,
       e.trace_id, e.time_quality, e.repeats, e.written_at
FROM found e
LEFT JOIN templates t ON t.signature_id = e.template_id
WHERE contains(lower(text_of(e, t)), lower($text))
ORDER BY e.moment DESC, e.environment_id, e.host, e.signature_id, message
LIMIT $limit
