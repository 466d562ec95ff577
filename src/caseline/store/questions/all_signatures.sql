-- Every signature that was ever minted, merged ones too.
SELECT signature_id, scheme, kind, template, parts, rules
FROM all_signatures
ORDER BY signature_id
