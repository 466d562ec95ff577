-- Which environments' logs reach into a part of a day. $start, $end: the part.
SELECT DISTINCT environment_id
FROM coverage
WHERE ends_at >= $start AND starts_at < $end
