-- Who shares the events of which group, and how much of each event is whose.
SELECT share_group, customer_id, weight FROM share_groups ORDER BY share_group, customer_id
