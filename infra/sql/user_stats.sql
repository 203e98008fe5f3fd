-- Per run and accepting instance: totals, duration, users per second, and the latency from CREATED to SYNCHRONIZED.
-- The duration spans from the first to the last creation; the latency is that of each user's first version. Within less
-- than a tenth of a second, as in one bulk, no speed can be told: that of the store is not in these times.
select users.seed,
       users.app_id,
       count(*) as total,
       count(confirmed.recorded_at) as synchronized,
       min(users.created_at) as first_created_at,
       max(users.created_at) as last_created_at,
       max(confirmed.recorded_at) as last_synchronized_at,
       extract(epoch from max(users.created_at) - min(users.created_at))::float8 as duration_seconds,
       case when max(users.created_at) - min(users.created_at) >= interval '100 ms'
            then (count(*) / extract(epoch from max(users.created_at) - min(users.created_at)))::float8
       end as users_per_second,
       (1000 * percentile_cont(0.5) within group (order by extract(epoch from confirmed.recorded_at - users.created_at)))::float8
           as latency_ms_p50,
       (1000 * percentile_cont(0.95) within group (order by extract(epoch from confirmed.recorded_at - users.created_at)))::float8
           as latency_ms_p95,
       (1000 * percentile_cont(0.99) within group (order by extract(epoch from confirmed.recorded_at - users.created_at)))::float8
           as latency_ms_p99
from prm_user users
left join cqrs_event confirmed on confirmed.aggregate_id = users.id and confirmed.confirms = 1
group by users.seed, users.app_id
order by 1, 2
