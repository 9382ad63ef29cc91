"""Reads metrics with Prometheus' own parsers, and prints every sample as JSON."""

import json
import sys

from prometheus_client.openmetrics.parser import text_string_to_metric_families as strict
from prometheus_client.parser import text_string_to_metric_families as plain

text = sys.stdin.read()
samples = {}
for family in strict(text):
    assert family.documentation, family.name
    assert family.type in ("gauge", "counter", "info"), family.type
    if family.unit:
        assert family.name.endswith("_" + family.unit), family.name
    for sample in family.samples:
        labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
        samples[sample.name + (f"{{{labels}}}" if labels else "")] = sample.value
# the older form is what a plain scrape takes it for
assert {sample.name for family in plain(text) for sample in family.samples} >= {
    name.split("{")[0] for name in samples
}
print(json.dumps(samples))
