"""A pause between the batches of a subscription, for whoever replaces what it writes to."""

from django.db import migrations

ADD_PAUSE = """
alter table cqrs_checkpoint add column paused_until timestamptz;
comment on column cqrs_checkpoint.paused_until is 'Before this time nobody begins a batch, whoever owns the shard.';
"""


class Migration(migrations.Migration):
    dependencies = [("cqrs_eventlog", "0001_event_log")]
    operations = [migrations.RunSQL(ADD_PAUSE, "alter table cqrs_checkpoint drop column paused_until")]
