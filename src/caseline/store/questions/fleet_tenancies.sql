-- Every tenancy: whose, where, from when to when.
SELECT customer_id, environment_id, tenant_key, placement, valid_from, valid_to
FROM tenancies
ORDER BY environment_id, customer_id, valid_from, tenant_key, placement
