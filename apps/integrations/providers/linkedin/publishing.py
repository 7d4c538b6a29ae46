"""The calls that make something public on LinkedIn, and finding out afterwards.

A person's posts cannot be read. There LinkedIn itself has to hold back a second copy: for about ten
minutes it answers an equal post with 422 and names the first. Within `REPEAT_TRUSTED` of the first
call a lost answer is therefore settled by sending the same body again; later a person decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlsplit

from ..checks import is_on
from ..errors import ErrorKind, ProviderError
from ..types import Account, Content, Done, Found, NotFound, PublishContext, Unreadable
from .client import LinkedInApi
from .files import kind_of
from .text import comparable, full_text, is_card, little, question, without_markup

# Far inside LinkedIn's ten minutes, and a doubt is shown to a person within two.
REPEAT_TRUSTED = timedelta(seconds=100)
CLOCK_SKEW = timedelta(minutes=3)  # between our clock and theirs
PAGE, PAGES = 50, 2  # posts that a check reads at most
DURATIONS = {1440: "ONE_DAY", 4320: "THREE_DAYS", 10_080: "SEVEN_DAYS", 20_160: "FOURTEEN_DAYS"}


def is_organization(account: Account) -> bool:
    return account.remote_id.startswith("urn:li:organization:")


def body(ctx: PublishContext) -> dict[str, Any]:
    """The request of `POST /rest/posts`. The same for every try: LinkedIn compares it."""
    content, options = ctx.content, ctx.content.options
    post: dict[str, Any] = {
        "author": ctx.account.remote_id,
        "commentary": little(full_text(content)),
        "visibility": str(options.get("visibility") or "PUBLIC"),
        "distribution": {
            "feedDistribution": "MAIN_FEED",
            "targetEntities": [],
            "thirdPartyDistributionChannels": [],
        },
        "lifecycleState": "PUBLISHED",
        "isReshareDisabledByAuthor": is_on(options.get("no_reshare")),
    }
    if shown := _shown(content, _urns(ctx)):
        post["content"] = shown
    return post


def _urns(ctx: PublishContext) -> list[str]:
    return [ctx.handles[f"media.{number}"] for number in range(len(ctx.content.media))]


def _shown(content: Content, urns: list[str]) -> dict[str, Any]:
    """What stands below the text: a poll, a card, files or nothing."""
    if content.poll is not None:
        return {
            "poll": {
                "question": question(content),
                "options": [{"text": option} for option in content.poll.options],
                "settings": {"duration": DURATIONS.get(content.poll.minutes, "THREE_DAYS")},
            }
        }
    if is_card(content):
        return {"article": _card(content, urns)}
    if len(urns) > 1:
        pairs = zip(urns, content.media, strict=True)
        images = [{"id": urn, "altText": item.alt_text} for urn, item in pairs]
        return {"multiImage": {"images": images}}
    if not urns:
        return {}
    (item,) = content.media
    media = {"id": urns[0]}
    if item.alt_text and kind_of(item) != "documents":
        media["altText"] = item.alt_text
    if title := content.title.strip() or (item.name if kind_of(item) == "documents" else ""):
        media["title"] = title
    return {"media": media}


def _card(content: Content, urns: list[str]) -> dict[str, str]:
    """LinkedIn does not look at the page, so a card without a title bears its host's name."""
    card = {
        "source": content.link,
        "title": content.title.strip() or (urlsplit(content.link).hostname or content.link),
    }
    if description := str(content.options.get("link_description") or "").strip():
        card["description"] = description
    if urns:
        card["thumbnail"] = urns[0]
    return card


def submit(api: LinkedInApi, ctx: PublishContext, web: str) -> Done:
    """Make the post public. `web` is the base of permalinks."""
    sent_at = _sent_at(ctx)
    if sent_at and not is_organization(ctx.account) and _age(sent_at) > REPEAT_TRUSTED:
        raise ProviderError(
            ErrorKind.AMBIGUOUS, "LinkedIn may have this post; it is too late to send it again."
        )
    if not sent_at:
        ctx.remember("sent_at", datetime.now(UTC).isoformat())
    try:
        urn = api.create(body(ctx))
    except ProviderError as error:
        if error.kind is ErrorKind.DUPLICATE:
            _note_duplicate(ctx, error.remote_ref, web)
        elif error.kind is not ErrorKind.AMBIGUOUS and not sent_at:
            ctx.forget("sent_at")
        raise
    ctx.remember("remote_id", urn)
    ctx.remember("permalink", permalink(web, urn))
    return Done(dict(ctx.handles))


def _note_duplicate(ctx: PublishContext, twin: str | None, web: str) -> None:
    """The first copy is adopted by its URN, unless it is another post of ours."""
    if twin is None:
        ctx.remember("repeats", str(int(ctx.handles.get("repeats") or 0) + 1))
    elif ctx.is_claimed(twin):
        ctx.forget("sent_at")
        raise ProviderError(
            ErrorKind.VALIDATION,
            "LinkedIn has another post with this very text and takes no second one for ten minutes.",
            field="text",
        )
    else:
        ctx.remember("permalink", permalink(web, twin))


def comment(api: LinkedInApi, ctx: PublishContext, web: str) -> Done:
    """The first comment below the post."""
    post = _post(ctx)
    urn = api.comment(post, ctx.account.remote_id, without_markup(ctx.content.text))
    ctx.remember("remote_id", urn)
    ctx.remember("permalink", permalink(web, post, urn))
    return Done(dict(ctx.handles))


def _post(ctx: PublishContext) -> str:
    post = ctx.root.get("remote_id") or ctx.parent.get("remote_id")
    if not post:
        raise ProviderError(ErrorKind.VALIDATION, "The post to comment on is not known.")
    return post


def permalink(web: str, urn: str, comment: str = "") -> str:
    link = f"{web}/feed/update/{urn}"
    return f"{link}?commentUrn={quote(comment, safe='')}" if comment else link


# --- Afterwards ----------------------------------------------------------------------------------


def reconcile(api: LinkedInApi, ctx: PublishContext, web: str) -> Found | NotFound | Unreadable:
    if not is_organization(ctx.account):
        return _unseen(ctx)
    try:
        if ctx.role == "comment":
            return _find_comment(api, ctx, web)
        return _find_post(api, ctx, web)
    except ProviderError as error:
        if error.kind is ErrorKind.SCOPE_MISSING:
            return Unreadable("This connection may not read the organisation's posts.")
        raise


def _unseen(ctx: PublishContext) -> NotFound | Unreadable:
    """A person's post: NotFound lets the same body go out again while LinkedIn would refuse it.

    Afterwards what is known about the first call is dropped: a person decides, and if they say that
    it is not out, it is sent afresh.
    """
    sent_at = _sent_at(ctx)
    if sent_at and _age(sent_at) < REPEAT_TRUSTED and not ctx.handles.get("repeats"):
        return NotFound()
    ctx.forget("sent_at", "repeats")
    return Unreadable("LinkedIn does not let Candy read a person's posts.")


def _find_post(api: LinkedInApi, ctx: PublishContext, web: str) -> Found | NotFound | Unreadable:
    for found in _posts_since(api, ctx):
        if found is None:
            return Unreadable("The page has posted too much since then to be searched.")
        if _is_ours(found, ctx):
            return Found(str(found["id"]), permalink(web, str(found["id"])))
    return NotFound()


def _posts_since(api: LinkedInApi, ctx: PublishContext) -> Iterator[dict[str, Any] | None]:
    """Posts since the intent was first sent, newest first; None at the end if there are more."""
    for page in range(PAGES):
        posts = api.posts_by(ctx.account.remote_id, start=page * PAGE, count=PAGE)
        for post in posts:
            if _instant(post.get("createdAt")) < ctx.started_at - CLOCK_SKEW:
                return
            yield post
        if len(posts) < PAGE:
            return
    yield None


def _is_ours(post: Mapping[str, Any], ctx: PublishContext) -> bool:
    if ctx.is_claimed(str(post.get("id"))):
        return False
    ours = body(ctx)
    same = comparable(str(post.get("commentary") or "")) == comparable(ours["commentary"])
    return same and _core(post.get("content")) == _core(ours.get("content"))


def _core(content: Any) -> set[str]:
    """What tells one post's files, card or poll from another's."""
    content = content if isinstance(content, dict) else {}
    images = (content.get("multiImage") or {}).get("images") or ()
    found = {str(one.get("id")) for one in images}
    found.add(str((content.get("media") or {}).get("id") or ""))
    found.add(str((content.get("article") or {}).get("source") or ""))
    found.add(str((content.get("poll") or {}).get("question") or ""))
    return found - {""}


def _find_comment(api: LinkedInApi, ctx: PublishContext, web: str) -> Found | NotFound:
    post = _post(ctx)
    for one in api.comments(post):
        at = _instant((one.get("created") or {}).get("time"))
        said = " ".join(str((one.get("message") or {}).get("text") or "").split())
        urn = str(one.get("commentUrn") or "")
        if (
            one.get("actor") == ctx.account.remote_id
            and said == " ".join(without_markup(ctx.content.text).split())
            and at >= ctx.started_at - CLOCK_SKEW
            and not ctx.is_claimed(urn)
        ):
            return Found(urn, permalink(web, post, urn))
    return NotFound()


def _sent_at(ctx: PublishContext) -> datetime | None:
    """When this intent was first sent without a definite answer."""
    known = ctx.handles.get("sent_at")
    return datetime.fromisoformat(known) if known else None


def _age(at: datetime) -> timedelta:
    return datetime.now(UTC) - at


def _instant(milliseconds: Any) -> datetime:
    return datetime.fromtimestamp(int(milliseconds or 0) / 1000, UTC)
