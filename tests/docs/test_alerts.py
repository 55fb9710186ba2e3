"""The alerts of the documentation: Prometheus accepts them, they fire when they should, and name what is sent."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from query_guard.reporters.telemetry import TelemetryReporter
from tests.docs.pages import DOCS, sections
from tests.programs import program
from tests.reporters.collected import Telemetry
from tests.reporters.test_export import OF_POOLS, REPORT, prometheus

pytestmark = pytest.mark.once

RULES = DOCS / "how-to" / "query_guard.rules.yml"


def test_prometheus_accepts_the_rules_and_they_fire_when_they_should(tmp_path: Path) -> None:
    promtool = program("promtool", package="prometheus")
    for file in (RULES, Path(__file__).with_name("alerts.test.yml")):
        shutil.copy(file, tmp_path)
    for words in (["check", "rules", RULES.name], ["test", "rules", "alerts.test.yml"]):
        done = subprocess.run([promtool, *words], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_each_metric_and_each_label_of_a_rule_is_on_the_page_for_prometheus() -> None:
    with prometheus() as (reporter, registry):
        reporter.watch_pools(lambda: OF_POOLS)
        reporter(REPORT)
        page = generate_latest(registry).decode()
    names = {"job", "instance", "le", *_names(page)}
    said = re.sub(r'"[^"\n]*"', "", RULES.read_text())  # without values of labels and texts for people
    expressions = re.findall(r"expr: (?:>-)?(.*?)^ +(?:for|labels|annotations):", said, re.MULTILINE | re.DOTALL)
    words = {word for each in expressions for word in re.findall(r"\b\w+_\w+\b", each)} - FUNCTIONS
    assert len(expressions) == len(_alerts())
    assert sorted(words - names) == []


FUNCTIONS = {"histogram_quantile", "min_over_time"}


def _names(page: str) -> Iterator[str]:
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            yield sample.name
            yield from sample.labels


def _alerts() -> list[str]:
    return re.findall(r"^ +- alert: (\w+)$", RULES.read_text(), re.MULTILINE)


def test_the_page_lists_each_metric_and_each_alert() -> None:
    telemetry = Telemetry()
    reporter = TelemetryReporter(telemetry.meter_provider)
    reporter.watch_pools(lambda: OF_POOLS)
    reporter(REPORT)
    section = sections(DOCS / "how-to" / "production.md")["Send metrics"]
    rows = re.findall(r"^\| `([\w.]+)` \|.*\| ([^|]+) \|$", section, re.MULTILINE)
    assert sorted(metric for metric, _ in rows) == sorted(telemetry.metrics())
    assert {alert for _, alerts in rows for alert in re.findall(r"`(\w+)`", alerts)} == {*_alerts()}
