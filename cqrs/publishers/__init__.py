"""Where a relay publishes: one port, and its implementations on NATS JetStream and on the broker. Works without Django.

Import the parts from where they are defined: who publishes to one destination does not load the driver of another.
"""
