"""The door for topics: the only place that knows the Kafka library."""
