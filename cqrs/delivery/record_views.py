"""The records one by one, as views of MongoDB on the pages: what people and other programs read.

Beside the dates of milliseconds, which are what is counted with, stand the epoch seconds of the published format.
"""

from typing import Any

Stage = dict[str, Any]


def _at(column: str) -> Stage:
    return {"$arrayElemAt": [f"${column}", "$$place"]}


def _seconds(date: str) -> Stage:
    return {"$toLong": {"$floor": {"$divide": [{"$toLong": date}, 1000]}}}


def _one_by_one(columns: dict[str, str], whole: tuple[str, ...]) -> list[Stage]:
    """Return the stages that make a document for each event of a page, of its columns and of what holds for all."""
    rows = {
        "$map": {
            "input": {"$range": [0, {"$size": "$eventIDs"}]},
            "as": "place",
            "in": {name: _at(column) for name, column in columns.items()},
        }
    }
    kept = {name: f"${name}" for name in ("topic", "createdAt", *whole)}
    return [
        {"$project": {"row": rows, **kept}},
        {"$unwind": {"path": "$row", "includeArrayIndex": "place"}},
        {"$replaceWith": {"$mergeObjects": ["$row", {"_id": {"page": "$_id", "place": "$place"}, **kept}]}},
    ]


_OF_EVENTS = {"traceID": "traceIDs", "eventID": "eventIDs", "publishedAt": "publishedAts"}
_TIMES = {"publishTime": _seconds("$publishedAt"), "createdTime": _seconds("$createdAt")}

OF_PUBLISHING: list[Stage] = [
    *_one_by_one({**_OF_EVENTS, "payload": "payloads"}, ("status", "subscriptions")),
    {"$set": _TIMES},
]

# Who has handled an event twice has received it once: at first, and with two attempts.
OF_RECEIVING: list[Stage] = [
    *_one_by_one({**_OF_EVENTS, "receivedAt": "receivedAts"}, ("subscription",)),
    {
        "$group": {
            "_id": {
                "topic": "$topic",
                "eventID": "$eventID",
                "subscription": "$subscription",
                "publishedAt": "$publishedAt",
            },
            "traceID": {"$first": "$traceID"},
            "receivedAt": {"$min": "$receivedAt"},
            "createdAt": {"$min": "$createdAt"},
            "attempts": {"$sum": 1},
        }
    },
    {"$replaceWith": {"$mergeObjects": ["$_id", "$$ROOT"]}},
    {"$set": {**_TIMES, "receiveTime": _seconds("$receivedAt")}},
]
