-- Words of templates, each with the first customers it was seen at.
SELECT word, customer_id
FROM vocabulary
ORDER BY word, customer_id
