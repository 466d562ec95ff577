-- On which days logs of which environment are there.
-- $first_day, $last_day: the days, the last one excluded.
SELECT DISTINCT environment_id, day
FROM covered_days
WHERE day >= $first_day AND day < $last_day
