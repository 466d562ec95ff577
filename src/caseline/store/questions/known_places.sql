-- Customers and environments that tickets may refer to.
SELECT 'customer' AS kind, customer_id AS id FROM customers
UNION ALL
SELECT 'environment' AS kind, environment_id AS id FROM environments
ORDER BY kind, id
