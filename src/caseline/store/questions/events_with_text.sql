-- The events of a window, newest first, with their text and a part of it.
-- $text: part of the message, any case. $customer, $environment, $signature, $trace: ids, or NULL. $limit: rows.
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
  AND contains(lower(text), lower($text))
ORDER BY moment DESC, environment_id, host, signature_id, message
LIMIT $limit
