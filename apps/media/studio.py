"""What the library adds to the shell: its place."""

from __future__ import annotations

from apps.studio import navigation

navigation.register(
    navigation.NavItem(
        "library",
        "Library",
        "images",
        "media:library",
        order=38,
        match=("media:",),
        keywords="media files images videos documents upload",
    )
)
