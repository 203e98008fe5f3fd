"""The broker's log: the standard logger of each module, with the level and the context of one broker."""

import logging
from collections.abc import MutableMapping
from typing import Any

from cqrs.broker.config import BrokerConfig, LogLevel

Log = logging.Logger | logging.LoggerAdapter[logging.Logger]

LEVELS: dict[LogLevel, int] = {
    "DEBUG": logging.DEBUG,
    "INFO": logging.INFO,
    "WARN": logging.WARNING,
    "ERROR": logging.ERROR,
    "SILENT": logging.CRITICAL + 1,
}


class BrokerLog(logging.LoggerAdapter[logging.Logger]):
    """Lets through what is at or above the broker's level, and adds the field `broker` where it has a context."""

    def __init__(self, logger: logging.Logger, config: BrokerConfig) -> None:
        super().__init__(logger, {"broker": config.log_context} if config.log_context else {})
        self._least = LEVELS[config.log_level]

    def isEnabledFor(self, level: int) -> bool:
        return level >= self._least and super().isEnabledFor(level)

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        return msg, {**kwargs, "extra": {**(self.extra or {}), **(kwargs.get("extra") or {})}}
