-- Every customer, by id.
SELECT customer_id, name, tier, region, annual_value, sla
FROM customers
ORDER BY customer_id
