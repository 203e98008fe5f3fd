"""csbroker: the command line of the broker. It keeps a service's broker configuration in the service's own folder."""
