"""``{% url %}`` that puts the workspace's slug back in. Built into every template."""

from __future__ import annotations

from typing import Any

from django import template
from django.template.base import Parser, Token
from django.template.defaulttags import URLNode
from django.template.defaulttags import url as django_url
from django.urls import NoReverseMatch

from apps.workspaces.tenancy.urls import reverse

register = template.Library()


class WorkspaceURLNode(URLNode):
    def render(self, context: template.Context) -> str:
        args = [arg.resolve(context) for arg in self.args]
        kwargs: dict[str, Any] = {key: value.resolve(context) for key, value in self.kwargs.items()}
        workspace = kwargs.pop("in_workspace", None)
        try:
            path = reverse(
                self.view_name.resolve(context), args=args, kwargs=kwargs, workspace=workspace
            )
        except NoReverseMatch:
            if self.asvar is None:
                raise
            path = ""
        if self.asvar:
            context[self.asvar] = path
            return ""
        return path


@register.tag
def url(parser: Parser, token: Token) -> WorkspaceURLNode:
    """As Django's, plus ``in_workspace=workspace`` for a page of another workspace."""
    node = django_url(parser, token)
    return WorkspaceURLNode(node.view_name, node.args, node.kwargs, node.asvar)
