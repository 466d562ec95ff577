-- Every environment, by id.
SELECT environment_id, kind, stage, region, telemetry, timezone
FROM environments
ORDER BY environment_id
