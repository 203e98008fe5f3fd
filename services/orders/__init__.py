"""What orders know of tickets: a read model that is fed by NATS alone, whatever comes twice, late or too early."""
