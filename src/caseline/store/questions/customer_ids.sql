-- Every customer of the fleet.
SELECT customer_id FROM customers ORDER BY customer_id
