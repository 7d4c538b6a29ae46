"""The verbs of the social suite. Import the module you need: `from apps.knisoci.services import posts`."""
