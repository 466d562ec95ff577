-- In how many collections which host of which environment was seen.
SELECT environment_id, host, count(DISTINCT collection_id) AS collections
FROM clock_readings
WHERE host IS NOT NULL
GROUP BY environment_id, host
ORDER BY environment_id, host
