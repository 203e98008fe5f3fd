"""The HTTP face of outboxes, for operators. The one part of the outbox that needs Django."""
