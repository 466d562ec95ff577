-- The events of a window, newest first, with their text; each filter may be NULL.
-- $customer, $environment, $signature, $trace: ids. $limit: rows.
-- Texts are rebuilt from templates: the oldest moment wanted is found first, without them.
WITH newest AS (
    SELECT moment
    FROM events
    WHERE ($start IS NULL OR moment >= $start)
      AND ($end IS NULL OR moment < $end)
      AND ($customer IS NULL OR customer_id = $customer)
      AND ($environment IS NULL OR environment_id = $environment)
      AND ($signature IS NULL OR signature_id = $signature)
      AND ($trace IS NULL OR trace_id = $trace)
    ORDER BY moment DESC
    LIMIT $limit
),
oldest AS (SELECT min(moment) AS moment FROM newest)
SELECT occurred_at, received_at, environment_id, customer_id, version, stage, service, host,
       severity, severity_text, signature_id, text AS message, trace_id, time_quality, repeats,
       written_at
FROM event_texts
WHERE ($start IS NULL OR moment >= $start)
  AND ($end IS NULL OR moment < $end)
  AND ($customer IS NULL OR customer_id = $customer)
  AND ($environment IS NULL OR environment_id = $environment)
  AND ($signature IS NULL OR signature_id = $signature)
  AND ($trace IS NULL OR trace_id = $trace)
  AND moment >= (SELECT moment FROM oldest)
ORDER BY moment DESC, environment_id, host, signature_id, message
LIMIT $limit
