"""What the world may ask of the social suite. Each is one call of a service."""

from apps.knisoci.actions import brakes, clock, sending, writing

__all__ = ["brakes", "clock", "sending", "writing"]
