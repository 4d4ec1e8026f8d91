"""Reading the HTML that --report writes, as a browser would."""

import html.parser
import json


class Page(html.parser.HTMLParser):
    """`data` has the JSON of every section; `scripts` counts what a browser would run; `sources` is what it would
    load."""

    def __init__(self, text):
        super().__init__()
        self.data, self.scripts, self.sources, self.elements, self.title = {}, 0, [], [], ""
        self.inside = None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.elements.append(tag)
        self.sources += [value for key, value in attributes.items() if key in ("src", "srcset", "data", "action")]
        if tag == "link":
            self.sources.append(attributes.get("href"))
        self.inside = tag
        if tag == "script" and attributes.get("type") == "application/json":
            self.inside = attributes["id"]
        elif tag == "script":
            self.scripts += 1

    def handle_endtag(self, tag):
        self.inside = None

    def handle_data(self, text):
        if self.inside == "title":
            self.title += text
        elif self.inside and self.inside.startswith("data-"):
            self.data[self.inside[5:]] = json.loads(text)


def read(path):
    with open(path, encoding="utf-8") as file:
        return Page(file.read())


def text_of(snapshots, number):
    """The lines of one program."""
    runs = snapshots["snapshots"][number]["runs"]
    return [snapshots["lines"][first + i] for first, count in zip(runs[::2], runs[1::2]) for i in range(count)]
