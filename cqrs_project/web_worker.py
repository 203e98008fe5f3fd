"""gunicorn's threaded worker, whose threads stay with their connections for as long as there is one for each.

gthread gives a connection back after every request to its main thread, which watches it and passes it on to the pool:
several changes of thread a request, all for the same interpreter lock. Before nginx a replica has a few connections
with the next request close behind, so their threads may as well wait for it themselves. Where connections outnumber
threads, everything goes the usual way and none of them can be starved.
"""

import select
from typing import Any, cast

from gunicorn.http.parser import RequestParser
from gunicorn.workers.gthread import TConn, ThreadWorker

# Longer than nginx pauses under load. A connection beyond the number of threads waits at most this long for one.
_STAY_MS = 50


class WebWorker(ThreadWorker):
    """Serves requests as gthread does, with fewer changes of thread."""

    def handle(self, conn: TConn) -> Any:
        """Serve the connection's request and those that follow at once; return what gthread is to do with it then."""
        answer = super().handle(conn)
        while answer is True and self._stays() and _has_more(conn):
            answer = super().handle(conn)
        return answer

    def _stays(self) -> bool:
        return bool(self.alive and self.nr_conns <= self.cfg.threads)


def _has_more(conn: TConn) -> bool:
    # Requests that were sent together are read together: those that follow no longer stand in the socket.
    if cast(RequestParser, conn.parser).unreader.buf.getvalue():
        return True
    poll = select.poll()
    poll.register(conn.sock, select.POLLIN)
    return bool(poll.poll(_STAY_MS))
