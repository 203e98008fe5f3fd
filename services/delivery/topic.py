"""The topic of the demonstration, who sends to it and who reads it."""

from cqrs.broker import define_broker, define_consumer, define_producer, define_topic

TOPIC = "create-user"
MAILING = "mailing"
COUNTING = "counting"

# The application puts the address and the database of its own settings in the place of these.
broker = define_broker(mongo_uri="mongodb://127.0.0.1:27017/?replicaSet=rs0", log_context="delivery")
topic = define_topic(name=TOPIC, partitions=1)
producer = define_producer(topic=TOPIC)
# New messages wake them at once; the wait only bounds how long a lost wake-up costs. What fails is put aside soon.
mailing = define_consumer(group_id=MAILING, topic=TOPIC, max_retries=1, max_await_time_ms=5000)
counting = define_consumer(group_id=COUNTING, topic=TOPIC, max_retries=1, max_await_time_ms=5000)
