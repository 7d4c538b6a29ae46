"""Settings of the product under browser tests: as production, with mail written to files."""

import os

from config.env import env_list
from config.settings.test import *  # noqa: F403

# The built files are served as they are; production collects them first.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_FILE_PATH = os.environ["CANDY_TEST_MAIL"]
CANDY_OUTBOUND_ALLOW = env_list("CANDY_OUTBOUND_ALLOW")
