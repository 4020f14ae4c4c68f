"""/metrics: what Prometheus asks for. Numbers of the database are read at each scrape, by indexes alone."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from bot.store import health
from bot.store.engine import Tx
from bot.web.health import our_version

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
QUANTILES = (("0.5", "median_s"), ("0.95", "p95_s"), ("0.99", "p99_s"))
STEPS = ("published_to_seen", "seen_to_matched", "matched_to_told", "total")

Counts = Callable[[], Mapping[str, int]]


def read_metrics(tx: Tx, counts: Counts, now: datetime) -> bytes:
    """Return the metrics of this process and of the database, in Prometheus' text format.

    counts: stage.outcome -> items, since the start of this process.
    """
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    registry.register(_Ours(health.read_health(tx, now), counts(), now))
    return generate_latest(registry)


class _Ours(Collector):
    def __init__(self, found: health.Health, counts: Mapping[str, int], now: datetime) -> None:
        self._found = found
        self._counts = counts
        self._now = now

    def collect(self) -> Iterator[Metric]:
        """Yield every family."""
        said = "1, with the version as a label."
        yield _labelled("outpost_build_info", said, "version", {our_version(): 1})
        yield self._items()
        yield from self._queues()
        yield self._lags()
        yield from self._rest()

    def _items(self) -> Metric:
        items = CounterMetricFamily(
            "outpost_items",
            "Items that left a stage of this process, by outcome.",
            labels=["stage", "outcome"],
        )
        for name, n in sorted(self._counts.items()):
            stage, _, outcome = name.partition(".")
            items.add_metric([stage, outcome], n)
        return items

    def _queues(self) -> Iterator[Metric]:
        queues = self._found.queues
        waiting = {
            "feeds": queues.feeds_due,
            "articles": queues.articles,
            "alerts": queues.alerts,
            "held": queues.held,
            "failed": queues.failed,
        }
        said = f"Rows that wait; counting stops at {health.MANY}."
        yield _labelled("outpost_queue_items", said, "queue", waiting)
        since = {"articles": queues.oldest_article, "alerts": queues.oldest_alert}
        ages = {name: (self._now - at).total_seconds() if at else 0.0 for name, at in since.items()}
        said = "How long the first row has been due."
        yield _labelled("outpost_queue_oldest_age_seconds", said, "queue", ages)

    def _lags(self) -> Metric:
        lags = GaugeMetricFamily(
            "outpost_lag_seconds",
            f"Quantiles over the newest {health.SAMPLE} alerts told.",
            labels=["step", "quantile"],
        )
        for step in STEPS:
            spread = getattr(self._found.lags, step)
            for quantile, field in QUANTILES:
                if (value := getattr(spread, field)) is not None:
                    lags.add_metric([step, quantile], value)
        return lags

    def _rest(self) -> Iterator[Metric]:
        found = self._found
        said = f"Attempts of the last day by outcome, of the newest {health.SAMPLE}."
        yield _labelled("outpost_recent_deliveries", said, "outcome", found.deliveries)
        yield GaugeMetricFamily("outpost_feeds", "Feeds that are polled.", found.feeds)
        yield _labelled(
            "outpost_feeds_failing", "Feeds whose last poll failed.", "why", found.feeds_failing
        )
        rate = found.rate
        said = "Messages and edits in the last minute."
        yield GaugeMetricFamily("outpost_sent_last_minute", said, rate.last_minute)
        said = "Messages and edits in the busiest second of the last hour; Telegram takes about 30."
        yield GaugeMetricFamily("outpost_sent_busiest_second", said, rate.busiest_second)
        said = "Polls an hour that the feeds' intervals ask for."
        yield GaugeMetricFamily("outpost_polls_per_hour", said, found.polls_per_hour)
        said = "Size of the database."
        yield GaugeMetricFamily("outpost_database_size_bytes", said, found.database_bytes)


def _labelled(name: str, said: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(name, said, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family
