"""Exchanging two folders in one step, which POSIX has no call for but Linux and macOS do."""

import ctypes
import errno
import os
import sys
from pathlib import Path

AT_FDCWD = -100
LINUX_EXCHANGE = 2
MACOS_SWAP = 2
# The kernel or the file system cannot: overlayfs, for one, where a folder comes from an image's layer.
CANNOT = frozenset({errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EXDEV})


def exchange(first: Path, second: Path) -> bool:
    """Let both names change places and return True; return False where that cannot be done in one step.

    Whoever looks finds both at any moment. Raises OSError for any other failure.
    """
    library = ctypes.CDLL(None, use_errno=True)
    one, other = os.fsencode(first), os.fsencode(second)
    if sys.platform == "darwin":
        failed = library.renamex_np(one, other, MACOS_SWAP)
    elif hasattr(library, "renameat2"):
        failed = library.renameat2(AT_FDCWD, one, AT_FDCWD, other, LINUX_EXCHANGE)
    else:
        return False
    if not failed:
        return True
    code = ctypes.get_errno()
    if code in CANNOT:
        return False
    raise OSError(code, os.strerror(code), str(first), None, str(second))
