-- Which services write which signatures, as these are read today.
SELECT coalesce(a.merged_into, s.signature_id) AS signature_id, s.service,
       count(*) AS templates
FROM signature_services s
LEFT JOIN signature_aliases a ON a.signature_id = s.signature_id
GROUP BY coalesce(a.merged_into, s.signature_id), s.service
ORDER BY signature_id, s.service
