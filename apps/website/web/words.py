"""What the welcome page says and shows. Only what the product does today."""

from __future__ import annotations

from typing import Any

WELCOME: dict[str, Any] = {
    "places": [
        ("house", "Home"),
        ("calendar", "Calendar"),
        ("square-pen", "Compose"),
        ("images", "Library"),
        ("chart-line", "Analytics"),
    ],
    "week": [
        ("Mon", [("grape", "Meet the makers")]),
        ("Tue", []),
        ("Wed", [("mint", "Kitchen notes")]),
        ("Thu", [("accent", "Sour, but make it spring"), ("mint", "Story")]),
        ("Fri", [("grape", "Weekend question")]),
        ("Sat", []),
        ("Sun", [("accent", "Slow Sunday")]),
    ],
    "scales": [("Formal", "Casual", 72), ("Serious", "Playful", 64), ("Plain", "Rich", 28)],
    "receipt": [
        ("09:00:00", "success", "Image sent", "412 kB, alt text included"),
        ("09:00:01", "warning", "The network hung up", "Sent, but no answer came back"),
        ("09:00:06", "info", "Candy asked what had happened", "Looked for the post by its own key"),
        ("09:00:07", "success", "Found it", "Not sent again; the link is kept"),
    ],
    "features": [
        (
            "command",
            "Everything from the keyboard",
            "Ctrl K goes anywhere and does anything your role allows.",
        ),
        (
            "radio",
            "Live for everyone",
            "What a colleague changes, you see, and whatever you missed while away comes after.",
        ),
        (
            "calendar-days",
            "One calendar",
            "Month, week and list; drag a post and know at once why it may not go there.",
        ),
        (
            "users",
            "Roles that mean it",
            "Owner, admin, contributor, viewer. Every right is checked twice.",
        ),
        (
            "plug",
            "Open on every side",
            "Whatever a person can do, a program can do over REST with a key of its own.",
        ),
        (
            "house-heart",
            "Yours to run",
            "Open source, one command to start, your database and your keys.",
        ),
    ],
    "steps": ["Your brand", "Your sources", "Your voice", "Your channels", "Your first campaign"],
}
