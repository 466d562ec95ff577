-- The newest moments at which an event's values, its template's words or its whole message
-- hold a part of a text. $whole: templates whose own words hold it. $start, $end: the window.
-- $text, $customer, $environment, $signature, $trace, $limit: as events_with_text.
SELECT moment
FROM events
WHERE moment >= $start AND moment < $end
  AND ($customer IS NULL OR customer_id = $customer)
  AND ($environment IS NULL OR environment_id = $environment)
  AND ($signature IS NULL OR signature_id = $signature)
  AND ($trace IS NULL OR trace_id = $trace)
  AND CASE WHEN message IS NOT NULL THEN contains(lower(message), lower($text))
           ELSE list_contains($whole, template_id)
                OR contains(lower(joined_variables), lower($text)) END
ORDER BY moment DESC
LIMIT $limit
