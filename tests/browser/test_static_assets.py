"""What the page is made of: local files that keep to the strict content security policy."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

STATIC = Path(__file__).parents[2] / "static"
TEXTS = {".html", ".js", ".css", ".svg"}
# A namespace is a name and no address.
NAMESPACES = {"http://www.w3.org/2000/svg"}
ALLOWED = {"https://randomuser.me/api/"}


def texts() -> Iterator[tuple[str, str]]:
    for path in sorted(STATIC.rglob("*")):
        if path.suffix in TEXTS:
            yield str(path.relative_to(STATIC)), path.read_text()


def addresses(text: str) -> set[str]:
    return set(re.findall(r"(?:https?:|wss?:)?//[\w.-]+\.[a-z]{2,}[^\s\"'`)<]*", text))


class PolicyReader(HTMLParser):
    """Collects what the policy would block."""

    def __init__(self) -> None:
        super().__init__()
        self.blocked: list[str] = []
        self._in_script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = {name for name, _ in attrs}
        self.blocked += [f"<{tag} {name}>" for name in names if name == "style" or name.startswith("on")]
        if tag == "style" or (tag == "script" and "src" not in names):
            self.blocked.append(f"<{tag}>")


def test_no_asset_refers_to_another_host_than_randomuser() -> None:
    found = {name: addresses(text) - NAMESPACES - ALLOWED for name, text in texts()}

    assert {name: hosts for name, hosts in found.items() if hosts} == {}


@pytest.mark.parametrize(
    "line", ['src="https://cdn.example.com/x.js"', "url(//fonts.example.com/a)", "wss://a.example/"]
)
def test_another_host_would_be_found(line: str) -> None:
    assert addresses(line)


def test_nothing_in_the_page_needs_an_exception_from_the_policy() -> None:
    reader = PolicyReader()
    reader.feed((STATIC / "index.html").read_text())

    assert reader.blocked == []


def test_markup_is_never_made_from_text() -> None:
    unsafe = re.compile(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|srcdoc|\beval\(|new Function"
    )

    assert [name for name, text in texts() if name.endswith(".js") and unsafe.search(text)] == []


def test_every_file_that_is_referred_to_exists() -> None:
    missing = []
    for name, text in texts():
        absolute = re.findall(r"[\"'](/static/[\w./-]+\.\w+)[\"']", text)
        relative = re.findall(r"from \"(\.[\w./-]+)\"", text)
        files = [STATIC.parent / path[1:] for path in absolute]
        files += [(STATIC / name).parent / path for path in relative]
        missing += [f"{name}: {file}" for file in files if not file.is_file()]

    assert missing == []


def test_every_module_is_used() -> None:
    used = " ".join(text for _, text in texts())
    modules = [path for path in STATIC.glob("page/**/*.js") if f"/{path.name}" not in used]

    assert modules == []
