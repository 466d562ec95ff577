-- Which customer was where and when, with the stage and kind of the place.
SELECT t.customer_id, t.environment_id, t.valid_from, t.valid_to, e.stage, e.kind, e.telemetry
FROM tenancies t
LEFT JOIN environments e ON e.environment_id = t.environment_id
ORDER BY t.customer_id, t.environment_id, t.valid_from
