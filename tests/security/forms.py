"""The forms of a page as a browser would send them back, and the texts that somebody may write into them."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin

# What takes any text.
_TEXTS = {"text", "search", "email", "url", "tel", "password", "hidden"}
_NO_VALUES = {"submit", "button", "image", "reset", "file"}


@dataclass
class Form:
    method: str
    url: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    buttons: list[tuple[str, str]] = field(default_factory=list)

    def filled(self, name: str, text: str) -> dict[str, list[str]]:
        """As it is sent with its first button, and with a text in the place of another."""
        told: dict[str, list[str]] = {}
        for each, value in [*self.fields, *self.buttons[:1]]:
            told.setdefault(each, []).append(value)
        return told | {name: [text]}


class _Page(HTMLParser):
    def __init__(self, url: str, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.url = url
        self.forms: list[Form] = []
        self._select: tuple[str, list[str]] | None = None
        self._textarea: str | None = None
        self.feed(html)

    def handle_starttag(self, tag, attrs) -> None:
        told = dict(attrs)
        name, value = told.get("name") or "", told.get("value") or ""
        if tag == "form":
            self.forms.append(
                Form((told.get("method") or "get").lower(), urljoin(self.url, told.get("action") or ""))
            )
        elif not self.forms:
            return
        elif tag == "input" and name:
            self._input(told.get("type") or "text", name, value, is_chosen="checked" in told)
        elif tag == "button" and name:
            self.forms[-1].buttons.append((name, value))
        elif tag == "textarea" and name:
            self._textarea = name
            self.forms[-1].texts.append(name)
            self.forms[-1].fields.append((name, ""))
        elif tag == "select" and name:
            self._select = (name, [])
        elif tag == "option" and self._select and ("selected" in told or not self._select[1]):
            self._select = (self._select[0], [value])

    def _input(self, kind: str, name: str, value: str, *, is_chosen: bool) -> None:
        form = self.forms[-1]
        if kind in _NO_VALUES:
            form.buttons += [(name, value)] if kind == "submit" else []
        elif kind not in {"checkbox", "radio"} or is_chosen:
            form.fields.append((name, value))
        if kind in _TEXTS and name != "csrfmiddlewaretoken":
            form.texts.append(name)

    def handle_data(self, data: str) -> None:
        if self._textarea:
            name, before = self.forms[-1].fields[-1]
            self.forms[-1].fields[-1] = (name, before + data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._textarea = None
        elif tag == "select" and self._select:
            self.forms[-1].fields += [(self._select[0], value) for value in self._select[1]]
            self._select = None


def forms_of(url: str, html: str) -> list[Form]:
    return _Page(url, html).forms
