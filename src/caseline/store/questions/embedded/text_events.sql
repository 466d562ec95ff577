-- As events_with_text, looking for the part only where it can be.
-- $whole: templates whose own words hold it. $straddling: templates in which it may stand
-- across the words and a value. $start, $end: the window.
-- $text, $customer, $environment, $signature, $trace, $limit: as events_with_text.
WITH hits AS (
    SELECT moment, occurred_at, received_at, environment_id, customer_id, version, stage, service,
           host, severity, severity_text, signature_id, template_id, variables, message, trace_id,
           time_quality, repeats, written_at
    FROM events
    WHERE moment >= $start AND moment < $end
      AND ($customer IS NULL OR customer_id = $customer)
      AND ($environment IS NULL OR environment_id = $environment)
      AND ($signature IS NULL OR signature_id = $signature)
      AND ($trace IS NULL OR trace_id = $trace)
      AND CASE WHEN message IS NOT NULL THEN contains(lower(message), lower($text))
               ELSE list_contains($whole, template_id)
                    OR contains(lower(joined_variables), lower($text)) END
    UNION ALL
    SELECT e.moment, e.occurred_at, e.received_at, e.environment_id, e.customer_id, e.version,
           e.stage, e.service, e.host, e.severity, e.severity_text, e.signature_id, e.template_id,
           e.variables, e.message, e.trace_id, e.time_quality, e.repeats, e.written_at
    FROM events e
    JOIN templates t ON t.signature_id = e.template_id
    WHERE e.moment >= $start AND e.moment < $end
      AND ($customer IS NULL OR e.customer_id = $customer)
      AND ($environment IS NULL OR e.environment_id = $environment)
      AND ($signature IS NULL OR e.signature_id = $signature)
      AND ($trace IS NULL OR e.trace_id = $trace)
      AND e.message IS NULL AND list_contains($straddling, e.template_id)
      AND NOT coalesce(contains(lower(e.joined_variables), lower($text)), false)
      AND contains(lower(text_of(e, t)), lower($text))
),
oldest AS (
    SELECT min(moment) AS moment
    FROM (SELECT moment FROM hits ORDER BY moment DESC LIMIT $limit) newest
)
SELECT e.occurred_at, e.received_at, e.environment_id, e.customer_id, e.version, e.stage,
       e.service, e.host, e.severity, e.severity_text, e.signature_id, text_of(e, t) AS message,
       e.trace_id, e.time_quality, e.repeats, e.written_at
FROM hits e
LEFT JOIN templates t ON t.signature_id = e.template_id
WHERE e.moment >= (SELECT moment FROM oldest)
ORDER BY e.moment DESC, e.environment_id, e.host, e.signature_id, message
LIMIT $limit
