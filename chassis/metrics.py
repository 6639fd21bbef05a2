"""What operators watch of a service; no label carries a procedure or a person."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class Metrics:
    """A registry of the service's own, so that two services in one process do not mix."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.handled = Counter("infoparquet_facts_handled", "Facts applied", ["fact"], registry=self.registry)
        self.dead_letters = Counter("infoparquet_dead_letters", "Records set aside", ["code"], registry=self.registry)
        self.unknown_facts = Counter(
            "infoparquet_unknown_facts", "Facts of a newer release kept for it", ["type"], registry=self.registry
        )
        self.batch = Histogram("infoparquet_batch_seconds", "Time to apply a batch", registry=self.registry)
        self.relayed = Counter("infoparquet_relayed_rows", "Outbox rows published", registry=self.registry)
        self.publish = Histogram("infoparquet_publish_seconds", "Time of a relay's transaction", registry=self.registry)
        self.relay_active = Gauge("infoparquet_relay_active", "1 while this is the relay", registry=self.registry)
        self.relay_holds_back = Gauge(
            "infoparquet_relay_holds_back", "1 while a backlog waits for readers of the journal", registry=self.registry
        )
        self.outbox_bytes = Gauge(
            "infoparquet_outbox_bytes", "What waits for the relay, before compression", registry=self.registry
        )
        self.outbox_limit = Gauge(
            "infoparquet_outbox_limit_bytes", "What may wait before requests are refused", registry=self.registry
        )
        self.outbox_refusals = Counter(
            "infoparquet_outbox_refusals", "Requests refused since the outbox is full", registry=self.registry
        )
        self.unreturned = Gauge(
            "infoparquet_unreturned_facts", "Facts said that the journal does not have", registry=self.registry
        )
        self.resent = Counter("infoparquet_resent_facts", "Facts said again", registry=self.registry)
        self.lacking = Gauge(
            "infoparquet_lacking_facts", "Facts of the journal not applied, by the last sweep", registry=self.registry
        )
        self.misplaced = Gauge(
            "infoparquet_journal_misplaced", "1 while the journal ends before what was read", registry=self.registry
        )
