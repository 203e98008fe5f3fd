"""What Django and logging do around each request for nobody here is left out: a tenth of a replica's time.

Only the web replicas call this: Django's test client connects and disconnects some of these receivers itself.
"""

import logging

from django.core.cache import close_caches
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connection, reset_queries


def leave_out_what_nobody_needs() -> None:
    """Keep of a request's start and end only that its connection goes back to the pool.

    Left out are the list of queries (kept under DEBUG), caches (there is none), and giving back a connection a second
    time before the request. Log records no longer find out file, line and thread, which no line of ours or of
    gunicorn's shows.
    """
    request_started.disconnect(reset_queries)
    request_started.disconnect(close_old_connections)
    request_finished.disconnect(close_caches)
    request_finished.disconnect(close_old_connections)
    request_finished.connect(_give_back)
    # The ways that the documentation of logging gives ("Optimization").
    logging._srcfile = None
    logging.logThreads = False
    logging.logMultiprocessing = False


def _give_back(**_: object) -> None:
    # Does nothing where the request has used none.
    connection.close_if_unusable_or_obsolete()
