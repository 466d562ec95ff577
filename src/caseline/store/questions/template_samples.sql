-- Texts of events by the template they were stored under: as many distinct ones as wanted.
-- $signature_ids: the templates. $limit: texts of each; which ones, only the texts decide.
SELECT template_id, unnest(arg_min(text, md5(text), $limit)) AS text
FROM (
    SELECT DISTINCT template_id, text
    FROM event_texts
    WHERE list_contains($signature_ids, template_id)
) kinds
GROUP BY template_id
ORDER BY template_id, text
