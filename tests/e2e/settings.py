"""Settings of the product under browser tests: as production, with mail written to files."""

import os

from config.settings.test import *  # noqa: F403

EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_FILE_PATH = os.environ["CANDY_TEST_MAIL"]
