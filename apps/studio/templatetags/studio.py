"""What every page of Candy draws with: icons, components, fields, faces, the shell."""

from __future__ import annotations

import json
import zlib
from functools import lru_cache
from typing import Any

from django import forms, template
from django.forms.boundfield import BoundField
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from apps.studio import icons
from apps.studio.components import parse_component, parse_slot
from config.env import BASE_DIR

register = template.Library()
register.tag("component", parse_component)
register.tag("slot", parse_slot)

THEMES = {"light": "candy", "dark": "candy-dark"}


@register.simple_tag
def icon(name: str, size: int = 16, css: str = "", label: str = "") -> SafeString:
    """``{% icon "calendar" size=20 %}``: any Lucide icon, inline. ``label`` says it to readers."""
    return icons.svg(name, size=size, css=css, label=label)


@register.simple_tag(takes_context=True)
def html_attributes(context: template.Context) -> SafeString:
    """Theme, folded sidebar and time zone on ``<html>``, so that nothing flashes or jumps on load.

    The choice made on this device wins over the one kept with the person.
    """
    request: HttpRequest | None = context.get("request")
    if request is None:
        return mark_safe("")
    user = getattr(request, "user", None)
    known = user is not None and user.is_authenticated
    choice = request.COOKIES.get("candy_theme") or (user.theme if known else "system")  # type: ignore[union-attr]
    attributes = []
    if choice in THEMES:
        attributes.append(format_html('data-theme="{}"', THEMES[choice]))
    if request.COOKIES.get("candy_sidebar") == "collapsed":
        attributes.append(mark_safe('data-sidebar="collapsed"'))
    if known:
        attributes.append(format_html('data-zone="{}"', user.time_zone))  # type: ignore[union-attr]
    return mark_safe(" ".join(attributes))  # noqa: S308  # each part is escaped above


@register.simple_tag
def font_preload() -> SafeString:
    """Asks for Inter's Latin file at once; the other scripts load when a page uses them."""
    path = _font_file()
    if not path:
        return mark_safe("")
    return format_html(
        '<link rel="preload" href="{}" as="font" type="font/woff2" crossorigin>', static(path)
    )


@lru_cache(maxsize=1)
def _font_file() -> str:
    manifest = BASE_DIR / "static" / "dist" / "manifest.json"
    if not manifest.exists():
        return ""
    for key, entry in json.loads(manifest.read_text(encoding="utf-8")).items():
        if key.endswith("inter-latin-wght-normal.woff2"):
            return str(entry["file"])
    return ""


# --- Forms ---------------------------------------------------------------------------------------

CONTROL_CLASSES: tuple[tuple[type[forms.Widget], str], ...] = (
    (forms.CheckboxSelectMultiple, "checkbox"),
    (forms.RadioSelect, "radio"),
    (forms.CheckboxInput, "checkbox"),
    (forms.Select, "select"),
    (forms.Textarea, "textarea"),
    (forms.FileInput, "file-input"),
    (forms.widgets.Input, "input"),
)


def control_class(widget: forms.Widget) -> str:
    """The look that fits ``widget``; the first match counts, so narrower ones come first."""
    return next((css for kind, css in CONTROL_CLASSES if isinstance(widget, kind)), "")


@register.simple_tag
def render_field(field: BoundField, **options: Any) -> str:
    """Label, control, help and error of one form field.

    ``label`` and ``help`` replace the field's own words; ``size="sm"`` makes it dense;
    ``hide_label=True`` keeps the label for readers only; ``as_toggle=True`` draws a switch; any other
    option becomes an attribute of the control, with ``_`` for ``-``.
    """
    widget = field.field.widget
    if field.is_hidden:
        return SafeString(f"{field}{_hidden_errors(field)}")
    own = {"label", "help", "size", "hide_label", "as_toggle", "optional", "prefix_icon"}
    css = "toggle" if options.get("as_toggle") else control_class(widget)
    described = [
        f"{field.auto_id}_{part}"
        for part, shown in (("help", options.get("help", field.help_text)), ("error", field.errors))
        if shown
    ]
    attributes: dict[str, Any] = {
        key.replace("_", "-"): value for key, value in options.items() if key not in own
    }
    size = f" {css}-{options['size']}" if options.get("size") else ""
    attributes["class"] = f"{css}{size} {widget.attrs.get('class', '')}".strip()
    if described:
        attributes["aria-describedby"] = " ".join(described)
    if field.errors:
        attributes["aria-invalid"] = "true"
    kind = (
        "choices" if css in ("radio",) or isinstance(widget, forms.CheckboxSelectMultiple) else css
    )
    return render_to_string(
        "components/field.html",
        {
            "field": field,
            "control": field.as_widget(attrs=attributes),
            "kind": kind,
            "label": options.get("label", field.label),
            "help": options.get("help", field.help_text),
            "hide_label": options.get("hide_label", False),
            "optional": options.get("optional", not field.field.required),
            "is_password": isinstance(widget, forms.PasswordInput),
            "control_class": attributes["class"],
        },
    )


def _hidden_errors(field: BoundField) -> str:
    return "".join(format_html('<p class="field-error">{}</p>', error) for error in field.errors)


@register.inclusion_tag("components/form_errors.html")
def form_errors(form: forms.BaseForm) -> dict[str, Any]:
    """What is wrong with the form as a whole, said where a reader starts."""
    return {"errors": form.non_field_errors() if form.is_bound else []}


# --- People and things ---------------------------------------------------------------------------


@register.inclusion_tag("components/avatar.html")
def avatar(
    name: str, image: str = "", size: str = "", square: bool = False, label: bool = False
) -> dict[str, Any]:
    """A picture or initials on a ground that stays the same for a name. ``label`` says the name."""
    words = str(name).replace(".", " ").replace("@", " ").split()
    return {
        "name": name,
        "image": image,
        "initials": "".join(word[0] for word in words[:2]).upper() or "?",
        "size": size,
        "square": square,
        "tone": zlib.crc32(str(name).encode()) % 6 + 1,
        "label": label,
    }


@register.simple_tag(takes_context=True)
def query(context: template.Context, **changes: Any) -> str:
    """The page's own query string with ``changes``; None or "" takes a name out."""
    parameters = context["request"].GET.copy()
    for key, value in changes.items():
        if value in (None, ""):
            parameters.pop(key, None)
        else:
            parameters[key] = value
    return f"?{parameters.urlencode()}" if parameters else "?"


@register.filter
def thousands(value: Any) -> str:
    """12345 as "12,345"; a dash for nothing."""
    if value is None or value == "":
        return "–"
    return f"{value:,}"


# --- The shell -----------------------------------------------------------------------------------


@register.simple_tag(takes_context=True)
def shell(context: template.Context) -> dict[str, Any]:
    """What the studio's frame draws: places, sections, workspaces, unread count, live address.

    Empty outside of a workspace. Queries: memberships, unread notifications, the event sequence, and
    what the apps' own counts and sections ask; once a request, for a layout asks in several blocks.
    """
    from apps.studio import shell as frame

    request: HttpRequest = context["request"]
    described: dict[str, Any] | None = getattr(request, "_studio_frame", None)
    if described is None:
        described = request._studio_frame = frame.describe(request)  # type: ignore[attr-defined]
    return described


@register.simple_tag(takes_context=True)
def settings_groups(context: template.Context) -> list[Any]:
    from apps.studio import settings_pages

    return settings_pages.groups_for(context["request"])


@register.simple_tag(takes_context=True)
def home_block(context: template.Context, item: dict[str, Any]) -> str:
    """One card of the home page, with the context its app made for it and nothing else."""
    return render_to_string(
        item["block"].template, {**item["context"], "block": item["block"]}, context["request"]
    )
