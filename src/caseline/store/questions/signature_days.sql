-- What signatures did by day, place, owner, version and stage; edges of the window by hour.
-- A combination may have several rows, to be added up: grouping many takes longer than reading.
-- $signature_ids: their ids.
-- $start, $end: whole hours.
-- $first_day, $last_day: the whole days within, $last_day excluded.
-- Only: signature_ids
SELECT day, signature_id, environment_id, customer_id, share_group, version, stage,
       severity, events, first_at, last_at
FROM possible_days
WHERE list_contains($signature_ids, signature_id) AND day >= $first_day AND day < $last_day
UNION ALL
SELECT CAST(hour AS DATE) AS day, signature_id, environment_id, customer_id, share_group,
       version, stage, severity, events, first_at, last_at
FROM possible_hours
WHERE list_contains($signature_ids, signature_id) AND hour >= $start AND hour < $end
  AND (hour < $first_day OR hour >= $last_day)
