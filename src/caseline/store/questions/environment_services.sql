-- Which services' lines ever came from which environment.
SELECT environment_id, service FROM environment_services ORDER BY environment_id, service
