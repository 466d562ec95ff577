-- Which services write which signatures, as they were minted.
SELECT signature_id, service FROM signature_services ORDER BY signature_id, service
