"""Reads a page as a browser does, for the tests of the views."""

from html.parser import HTMLParser
from typing import Any

XSS = '"><img src=x onerror=alert(1)><script>alert(2)</script>&'
ELEMENTS = {"div", "table", "thead", "tbody", "tr", "th", "td", "span", "code", "ul", "li"}
DOCUMENT = {"html", "head", "meta", "title", "body"}
ATTRIBUTES = {"style", "scope", "role", "aria-label"}


class Page(HTMLParser):
    """The elements, attributes and text of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.attributes: set[str] = set()
        self.labels: list[str] = []
        self.styles: list[str] = []
        self.text = ""

    @classmethod
    def of(cls, html: str) -> "Page":
        page = cls()
        page.feed(html)
        return page

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.attributes |= {name for name, _ in attrs}
        found: dict[str, Any] = dict(attrs)
        self.styles.append(found.get("style", ""))
        if found.get("role") == "img":
            self.labels.append(found["aria-label"])

    def handle_data(self, data: str) -> None:
        self.text += data

    def check_inert(self) -> None:
        """Check that the page runs and loads nothing, and has only our own elements."""
        assert self.elements <= ELEMENTS
        assert self.attributes <= ATTRIBUTES
        assert not any("url(" in style or "expression" in style for style in self.styles)
