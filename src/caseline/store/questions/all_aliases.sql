-- Which signature is read as which: the end of the chain, and the next step on it.
SELECT signature_id, merged_into, reason, author, step_into, decided_at, position
FROM signature_aliases
ORDER BY signature_id
