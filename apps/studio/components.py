"""``{% component "panel" title="Posts" %} … {% endcomponent %}``: templates with a body and named slots.

A component is ``templates/components/<name>.html``. It sees the arguments, ``body``, each slot as
``slot_<name>``, ``request`` and ``csrf_token``, and nothing else of the page around it.
"""

from __future__ import annotations

from typing import Any

from django import template
from django.template.base import FilterExpression, Node, NodeList, Parser, Token, token_kwargs


class SlotNode(Node):
    """Content for a named place of the component around it; draws nothing by itself."""

    def __init__(self, name: str, nodelist: NodeList) -> None:
        self.name = name
        self.nodelist = nodelist

    def render(self, context: template.Context) -> str:
        return ""


class ComponentNode(Node):
    def __init__(
        self, name: FilterExpression, arguments: dict[str, FilterExpression], nodelist: NodeList
    ) -> None:
        self.name = name
        self.arguments = arguments
        self.nodelist = nodelist
        self.slots = [node for node in nodelist if isinstance(node, SlotNode)]

    def render(self, context: template.Context) -> str:
        values: dict[str, Any] = {
            key: value.resolve(context) for key, value in self.arguments.items()
        }
        values["body"] = self.nodelist.render(context)
        for slot in self.slots:
            values[f"slot_{slot.name}"] = slot.nodelist.render(context)
        for carried in ("request", "csrf_token", "user"):
            values.setdefault(carried, context.get(carried))
        engine = context.template.engine  # type: ignore[union-attr]
        drawn = engine.get_template(f"components/{self.name.resolve(context)}.html")
        return str(drawn.render(context.new(values)))


def parse_component(parser: Parser, token: Token) -> ComponentNode:
    _, name, *bits = token.split_contents()
    arguments = token_kwargs(bits, parser)
    if bits:
        raise template.TemplateSyntaxError(f"component takes name=value only, not {bits[0]!r}")
    nodelist = parser.parse(("endcomponent",))
    parser.delete_first_token()
    return ComponentNode(parser.compile_filter(name), arguments, nodelist)


def parse_slot(parser: Parser, token: Token) -> SlotNode:
    _, name = token.split_contents()
    nodelist = parser.parse(("endslot",))
    parser.delete_first_token()
    return SlotNode(name.strip("\"'"), nodelist)
