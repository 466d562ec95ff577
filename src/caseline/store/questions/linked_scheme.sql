-- The scheme that signatures of older ones were linked with; no row if there never was another.
SELECT value AS scheme
FROM meta
WHERE name = 'scheme'
