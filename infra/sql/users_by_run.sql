-- How many users each instance took in, run by run, and how long that lasted: the seed's statement as it stands.
select seed, app_id,
count(*) total,
min(created_at), max(created_at),
(max(created_at), min(created_at)) duration
from prm_user
group by seed, app_id
order by 1, 2
