-- The shape dictionary: what was found out about each shape of a line.
SELECT shape, signature_id, spans, rebuilds
FROM shapes
