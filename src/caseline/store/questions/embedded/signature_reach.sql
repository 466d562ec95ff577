-- Whom signatures fell on in whole months, as bitmaps: see the table reach.
-- $month_start, $month_end: the months.
SELECT signature_id, severity, events, first_at, last_at, environments, customers, share_groups
FROM reach
WHERE month >= $month_start AND month < $month_end
