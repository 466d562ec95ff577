-- How long troubles last until a ticket, as learned with some weights.
-- $version: of the weights. $customer: its id; the row without a customer is of all.
SELECT customer_id, tickets, log_hours
FROM cause_delays
WHERE version = $version AND (customer_id IS NULL OR customer_id = $customer)
ORDER BY customer_id
