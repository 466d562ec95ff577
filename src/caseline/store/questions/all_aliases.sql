-- Which signature is read as which.
SELECT signature_id, merged_into, reason, author
FROM signature_aliases
ORDER BY signature_id
