-- Which events of a signature a person gave to another one.
SELECT signature_id, variable, value, split_into, author, decided_at
FROM signature_splits
ORDER BY signature_id, value
