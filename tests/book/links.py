"""links.py HTML - each link of the pages leads to a file that is there, and to a place that is in it."""

import pathlib
import sys
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

# mdBook's own: a page for a server, and a frame that it fills by a program.
LEFT_OUT = {"404.html", "toc.html"}


class Page(HTMLParser):
    """The links of a page, and the places to which links can lead."""

    def __init__(self, text):
        super().__init__()
        self.links, self.places = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name in ("href", "src") and tag != "base":
                self.links.append(value)
            elif name == "id" or (name == "name" and tag == "a"):
                self.places.append(value)


top = pathlib.Path(sys.argv[1]).resolve()
pages = {path: Page(path.read_text()) for path in sorted(top.rglob("*.html")) if path.name not in LEFT_OUT}
faults, inside, outside = [], 0, set()
for path, page in pages.items():
    for link in page.links:
        parts = urlsplit(link)
        if parts.scheme:
            outside.add(link)
            if parts.scheme != "https":
                faults.append(f"{path.relative_to(top)}: {link}: not https")
            continue
        inside += 1
        target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
        if not target.is_file() or top not in target.parents:
            faults.append(f"{path.relative_to(top)}: {link}: no such file")
        elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].places:
            faults.append(f"{path.relative_to(top)}: {link}: no such place")
    for place in sorted({place for place in page.places if page.places.count(place) > 1}):
        faults.append(f"{path.relative_to(top)}: two places of the name {place}")
print(f"{len(pages)} pages, {inside} links inside, {len(outside)} addresses outside")
sys.exit("\n".join(faults) if faults or len(pages) < 50 else 0)
