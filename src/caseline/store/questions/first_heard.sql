-- When logs of which environment were received first.
SELECT environment_id, min(received_at) AS received_at
FROM coverage
GROUP BY environment_id
ORDER BY environment_id
