"""Takes a bundle in until its CPU time is up: run by test_ingest_crash.py."""

from __future__ import annotations

import signal
import sys
from datetime import UTC, datetime

import caseline
import caseline.workspace
from caseline import pipeline

if __name__ == "__main__":
    workspace, bundle, cpu_seconds = sys.argv[1:]
    pipeline._ROWS_AT_ONCE = 300
    signal.setitimer(signal.ITIMER_PROF, float(cpu_seconds))
    clock = caseline.ManualClock(datetime(2026, 4, 3, tzinfo=UTC))
    with caseline.open(workspace, clock=clock) as ws:
        ws.ingest(bundle, environment="acme-prod")
