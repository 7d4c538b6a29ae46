"""The sandbox's own pages: every feed as its reader sees it, always marked as a sandbox."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape

from .feed import FeedPost
from .kernel import Response

HTML = {"content-type": "text/html; charset=utf-8"}


@dataclass(frozen=True)
class Network:
    key: str
    name: str
    scenario: str
    posts: list[FeedPost]


def _layout(title: str, body: str, *, live: bool = False) -> Response:
    script = '<script src="/sandbox.js" defer></script>' if live else ""
    page = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{escape(title)}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/sandbox.css">
{script}
</head>
<body>
<header class="top"><a class="home" href="/"><span class="badge">Sandbox</span> Simulated networks</a>
<nav><a href="/site/">Demo brand site</a></nav></header>
{body}
</body>
</html>
"""
    return Response(page.encode(), 200, dict(HTML))


def index(networks: list[Network]) -> Response:
    body = (
        '<main class="wide"><h1>What your readers see</h1>'
        '<p class="lead">Everything here stays on this machine. Posts go through the same adapters '
        "as on the real networks; numbers grow by themselves.</p>"
        f'<div id="feeds" class="networks">{_feeds(networks)}</div></main>'
    )
    return _layout("Sandbox feeds", body, live=True)


def fragment(networks: list[Network]) -> Response:
    return Response(_feeds(networks).encode(), 200, dict(HTML))


def single(name: str, key: str, post: FeedPost | None) -> Response:
    if post is None:
        body = '<main class="narrow"><h1>This post is not here</h1><p><a href="/">All feeds</a></p></main>'
        answer = _layout("Not found", body)
        answer.status = 404
        return answer
    body = (
        f'<main class="narrow"><p class="crumb"><a href="/">All feeds</a> / '
        f"{escape(name)}</p>{_post(post, key)}</main>"
    )
    return _layout(f"{post.name} on {name} (sandbox)", body)


def _feeds(networks: list[Network]) -> str:
    return "".join(_network(network) for network in networks)


def _network(network: Network) -> str:
    inner = "".join(_post(post, network.key) for post in network.posts) or (
        '<p class="empty">Nothing posted yet. Publish something to this channel and it appears '
        "here.</p>"
    )
    fault = network.scenario
    note = "" if fault == "success" else f'<span class="state">{escape(fault)}</span>'
    return (
        f'<section class="network" aria-label="{escape(network.name)}">'
        f'<h2 class="{network.key}">{escape(network.name)} {note}</h2>{inner}</section>'
    )


def _post(post: FeedPost, key: str) -> str:
    at = datetime.fromtimestamp(post.at, UTC)
    tone = sum(map(ord, post.handle)) % 6
    images = "".join(
        f'<img src="{escape(url)}" alt="{escape(alt)}" loading="lazy">' for url, alt in post.images
    )
    pictures = f'<div class="images n{len(post.images)}">{images}</div>' if images else ""
    card = ""
    if post.card:
        url, title, text = post.card
        card = (
            f'<a class="card" href="{escape(url)}" rel="noreferrer"><strong>{escape(title)}</strong>'
            f"<span>{escape(text)}</span><small>{escape(url)}</small></a>"
        )
    clips = "".join(
        f'<video src="{escape(url)}" poster="{escape(poster)}" controls preload="metadata" playsinline>'
        "</video>"
        for url, poster in post.videos
    )
    pictures += f'<div class="clips">{clips}</div>' if clips else ""
    if post.document:
        url, title = post.document
        pictures += f'<a class="card" href="{escape(url)}"><strong>{escape(title)}</strong></a>'
    if post.poll:
        choices = "".join(f"<li>{escape(choice)}</li>" for choice in post.poll)
        pictures += f'<ul class="poll">{choices}</ul>'
    heading = f'<h3 class="title">{escape(post.title)}</h3>' if post.title else ""
    text = f'{heading}<div class="text">{post.html}</div>'
    if post.warning:
        text = f"<details><summary>{escape(post.warning)}</summary>{text}{pictures}</details>"
        pictures = ""
    counters = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{value:,}</dd></div>" for name, value in post.counters
    )
    badge = f'<span class="state">{escape(post.badge)}</span>' if post.badge else ""
    replies = "".join(_post(reply, key) for reply in post.replies)
    return (
        f'<article class="post {key}"><header><span class="avatar t{tone}" aria-hidden="true">'
        f"{escape(post.name[:1].upper())}</span><span><strong>{escape(post.name)}</strong>"
        f'<span class="handle">{escape(post.handle)}</span></span>{badge}'
        f'<a class="time" href="{escape(post.permalink)}"><time datetime="{at.isoformat()}">'
        f"{at:%d %b, %H:%M} UTC</time></a></header>{text}{pictures}{card}"
        f'<dl class="counters">{counters}</dl>{replies}</article>'
    )
