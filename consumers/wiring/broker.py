"""Settings -> the Kafka cluster of this installation, its topics and what is looked at of a record."""

from consumers.intake import MAX_OCTETS
from consumers.kafka.access import Access
from consumers.kafka.client import Broker, Measures
from consumers.kafka.records import Limits
from consumers.kafka.topics import Names
from consumers.wiring.settings import Settings, SettingsRefused


def broker_of(settings: Settings) -> Broker:
    """Return the cluster that the settings name; nothing is connected yet.

    Raises:
        SettingsRefused: they name none.
    """
    if settings.kafka_servers is None:
        raise SettingsRefused("PLAINT_KAFKA_SERVERS is not set; name some nodes of the cluster, such as host:9092")
    password = settings.kafka_password
    access = Access(
        servers=tuple(each.strip() for each in settings.kafka_servers.split(",")),
        security=settings.kafka_security,
        mechanism=settings.kafka_mechanism,
        username=settings.kafka_username,
        password=password.get_secret_value() if password else None,
        ca_file=settings.kafka_ca_file,
    )
    measures = Measures(record_octets=settings.kafka_max_octets, poll_records=settings.kafka_poll_records)
    return Broker(access, measures, instance=settings.kafka_instance)


def topics_of(settings: Settings) -> Names:
    """Return what each topic is called here."""
    return Names(
        inbound=settings.kafka_inbound,
        commands=settings.kafka_commands,
        events=settings.kafka_events,
        notices=settings.kafka_notices,
        dead_letters=settings.kafka_dead_letters,
    )


def limits_of(settings: Settings) -> Limits:
    """Return what a record may be, before anything of it is parsed."""
    return Limits(octets=min(settings.kafka_max_octets, MAX_OCTETS), headers=settings.kafka_max_headers)
