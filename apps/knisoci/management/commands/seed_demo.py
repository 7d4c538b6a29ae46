from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from apps.knisoci.showcase import processes, seed


class Command(BaseCommand):
    help = "Make the demo workspace of a local installation. Does nothing where there is one."

    def handle(self, *args: Any, **options: Any) -> None:
        with processes.sandbox(settings.VAR_DIR / "log" / "demo") as address:
            if seed.seed(site=f"{address}/site/", say=self.stdout.write):
                self.stdout.write("demo workspace ready")
        note = settings.VAR_DIR / "demo-sign-in.txt"
        note.write_text(f"{seed.EMAIL} {seed.PASSWORD}\n", encoding="utf-8")
