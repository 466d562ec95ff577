-- All that was ever decided of what signatures are read as, in order.
SELECT signature_id, merged_into, step_into, reason, author, decided_at
FROM alias_history
ORDER BY position
