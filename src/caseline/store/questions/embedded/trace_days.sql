-- On which days a distributed trace may be found: no row if on none.
-- $trace_key: the hash of its id.
SELECT min(day) AS first_day, max(day) AS last_day
FROM traces
WHERE trace_key = $trace_key
HAVING count(*) > 0
