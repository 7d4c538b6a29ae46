from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from apps.knisoci.showcase import main_job, processes, report


class Command(BaseCommand):
    help = "The main job without a browser: read a brand, learn its voice, write, publish, measure."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument(
            "--source",
            default=os.environ.get("SOURCE", ""),
            help="A website's or sitemap's address, or a folder of documents. Default: the "
            "sandbox's own made-up brand.",
        )
        parser.add_argument(
            "--json", default=os.environ.get("DEMO_JSON", ""), help="Also write the report there."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("prepare", verbosity=0, stdout=open(os.devnull, "w"))  # noqa: PTH123, SIM115
        log = settings.VAR_DIR / "log" / "demo"
        with processes.sandbox(log) as address, processes.workers(log):
            source = options["source"] or f"{address}/site/"
            found = main_job.run(source=source, say=self.stdout.write)
        self.stdout.write("\n" + report.as_text(found))
        if options["json"]:
            report.write_json(found, Path(options["json"]))
        if not found.is_good:
            raise CommandError("The run did not come to its end; the report says where it stopped.")
