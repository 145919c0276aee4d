"""Writes the log to stderr, as lines for people or as JSON for collectors."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

from facetoon.edge_runtime.errors import shown

FORMATS = ("text", "json")
MOST_CHARACTERS = 2000  # of a message, which may quote a file


class TextLines(logging.Formatter):
    """One line for a message: time, level, message. What a file or a camera says in it cannot move the cursor."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:
        """See logging.Formatter."""
        record.message = shown(record.message, MOST_CHARACTERS)
        return super().formatMessage(record)


class JsonLines(logging.Formatter):
    """One JSON object a line: time (ISO 8601, UTC), level, logger, message, and the traceback where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """See logging.Formatter."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": shown(record.getMessage(), MOST_CHARACTERS),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def set_up(style: str) -> None:
    """Log to stderr in this style: our own modules from INFO up, other libraries from WARNING up."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if style == "json" else TextLines())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("facetoon").setLevel(logging.INFO)
