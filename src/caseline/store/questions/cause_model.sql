-- The weights of causes that were learned here last and adopted.
SELECT version, learned_at, weights, bias, temperature, links
FROM cause_models
WHERE adopted
ORDER BY learned_at DESC, version
LIMIT 1
