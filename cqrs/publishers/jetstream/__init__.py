"""NATS JetStream: publishing to a stream, and listening to one. The only place that imports the driver."""
