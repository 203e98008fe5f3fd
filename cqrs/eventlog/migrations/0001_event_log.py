"""The tables of the event log, its checkpoints and its dead letters.

Written as SQL because what matters here has no model field: `xid8` with its default, `pg_snapshot`, one plain sequence.
"""

from django.db import migrations

CREATE_EVENT = """
create table cqrs_event (
    id             bigint generated always as identity primary key,
    event_id       uuid        not null,
    xid            xid8        not null default pg_current_xact_id(),
    aggregate_type text        not null,
    aggregate_id   uuid        not null,
    version        bigint      check (version > 0),
    confirms       bigint      check (confirms > 0),
    stage          text        not null,
    name           text        not null,
    bucket         smallint    not null check (bucket between 0 and 255),
    app_id         text        not null,
    seed           text,
    causation_id   uuid,
    traceparent    text,
    recorded_at    timestamptz not null,
    data           jsonb       not null,
    constraint cqrs_event_version_or_confirmation check (num_nonnulls(version, confirms) = 1)
);
create unique index cqrs_event_one_per_version on cqrs_event (aggregate_id, version) where version is not null;
create unique index cqrs_event_one_confirmation_per_version on cqrs_event (aggregate_id, confirms) where confirms is not null;
create index cqrs_event_unread on cqrs_event (xid) where version is not null;
comment on column cqrs_event.id is 'Position: grows with every event of one aggregate, becomes visible out of order across aggregates.';
comment on column cqrs_event.xid is 'The transaction that appended it: readers compare it with snapshots.';
comment on column cqrs_event.confirms is 'The version that a confirmation names; it takes none itself.';
"""

CREATE_CHECKPOINT = """
create table cqrs_checkpoint (
    subscription      text        not null,
    shard             smallint    not null,
    first_bucket      smallint    not null,
    last_bucket       smallint    not null,
    system_identifier text        not null,
    read_snapshot     pg_snapshot not null,
    window_snapshot   pg_snapshot,
    window_after      bigint,
    window_last       bigint,
    updated_at        timestamptz not null default clock_timestamp(),
    primary key (subscription, shard),
    constraint cqrs_checkpoint_window_is_whole check (num_nonnulls(window_snapshot, window_after, window_last) in (0, 3))
);
comment on column cqrs_checkpoint.read_snapshot is 'All that is visible in it has been handled.';
comment on column cqrs_checkpoint.window_snapshot is 'The window in progress ends here; positions up to window_after are done.';
"""

CREATE_DEAD_LETTER = """
create table cqrs_dead_letter (
    subscription    text        not null,
    position        bigint      not null references cqrs_event (id),
    aggregate_id    uuid        not null,
    bucket          smallint    not null,
    state           text        not null check (state in ('retrying', 'dead', 'waiting')),
    attempts        integer     not null default 0,
    error_type      text,
    error           text,
    parked_at       timestamptz not null default clock_timestamp(),
    last_attempt_at timestamptz,
    next_attempt_at timestamptz,
    primary key (subscription, position)
);
create index cqrs_dead_letter_of_aggregate on cqrs_dead_letter (subscription, aggregate_id, position);
create index cqrs_dead_letter_due on cqrs_dead_letter (subscription, next_attempt_at) where state = 'retrying';
comment on column cqrs_dead_letter.state is 'retrying: its attempts are not used up; dead: an operator decides; waiting: behind an earlier event of its aggregate.';
"""


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.RunSQL(CREATE_EVENT, "drop table cqrs_event"),
        migrations.RunSQL(CREATE_CHECKPOINT, "drop table cqrs_checkpoint"),
        migrations.RunSQL(CREATE_DEAD_LETTER, "drop table cqrs_dead_letter"),
    ]
