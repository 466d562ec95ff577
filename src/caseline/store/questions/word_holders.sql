-- At how many customers some words of templates were seen, as far as it is counted.
-- $words: which.
SELECT word, count(DISTINCT customer_id) AS customers
FROM vocabulary
WHERE list_contains($words, word)
GROUP BY word
ORDER BY word
