-- In which templates a part of a text may stand: whole in their words, or across a value.
-- $text: the part. $heads, $tails: its beginnings and its ends, itself left out.
SELECT signature_id, holds
FROM (
    SELECT signature_id,
           len(list_filter(parts, lambda p: contains(lower(p), lower($text)))) > 0 AS holds,
           len(list_filter(parts[:-2], lambda p: len(list_filter(CAST($heads AS VARCHAR[]),
               lambda h: ends_with(lower(p), lower(h)))) > 0)) > 0
           OR len(list_filter(parts[2:], lambda p: len(list_filter(CAST($tails AS VARCHAR[]),
               lambda h: starts_with(lower(p), lower(h)))) > 0)) > 0
           OR len(list_filter(parts[2:-2], lambda p: contains(lower($text), lower(p)))) > 0
           AS meets
    FROM templates
) judged
WHERE holds OR meets
