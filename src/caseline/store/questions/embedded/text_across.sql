-- The newest moments at which a part of a text stands across a template's words and a value.
-- $straddling: templates in which it may. The others: as text_moments.
SELECT e.moment
FROM events e
JOIN templates t ON t.signature_id = e.template_id
WHERE e.moment >= $start AND e.moment < $end
  AND ($customer IS NULL OR e.customer_id = $customer)
  AND ($environment IS NULL OR e.environment_id = $environment)
  AND ($signature IS NULL OR e.signature_id = $signature)
  AND ($trace IS NULL OR e.trace_id = $trace)
  AND e.message IS NULL AND list_contains($straddling, e.template_id)
  AND contains(lower(text_of(e, t)), lower($text))
ORDER BY e.moment DESC
LIMIT $limit
