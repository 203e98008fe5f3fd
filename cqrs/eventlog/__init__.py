"""The event log on PostgreSQL: append, ordered reading by snapshot window, checkpoints, dead letters."""
