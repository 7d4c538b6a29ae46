from __future__ import annotations

import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand

from apps.orchestrator.engine.clock import Clock, run
from apps.orchestrator.engine.doorbell import CeleryDoorbell


class Command(BaseCommand):
    help = "Find due work of all workspaces and ring for workers. Any number may run."

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: stop.set())
        self.stdout.write("clock: started")
        run(Clock(CeleryDoorbell()), should_stop=stop.is_set)
        self.stdout.write("clock: stopped")
