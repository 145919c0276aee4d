from __future__ import annotations

import re
from urllib.parse import urljoin

import pytest

MOST_BYTES = 150_000


def loaded_by(client, path):
    """The texts that a browser loads for a page without its pictures, by their paths."""
    texts, waiting = {}, [path]
    while waiting:
        path = waiting.pop()
        if path not in texts:
            with client.get(path) as answer:
                texts[path] = answer.text
            named = re.findall(r'(?:src|href)="([^"]*static/[^"]+)"|from "([^"]+)"|@import "([^"]+)"', texts[path])
            waiting += [urljoin(path, next(filter(None, names))) for names in named]
    return texts


@pytest.mark.parametrize("path", ["/", "/booth", "/gallery", "/view"])
def test_a_page_is_light_and_loads_nothing_from_elsewhere(owner, path):
    texts = loaded_by(owner, path)
    assert len(texts) >= 4  # the page, its style, its script and the icon
    assert sum(len(text.encode()) for text in texts.values()) < MOST_BYTES
    for name, text in texts.items():
        assert not re.search(r"""(?:src|href)=["'](?:https?:)?//|url\(|import\(|from ["']https?:""", text), name
