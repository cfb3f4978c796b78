"""Memory that a training frees is memory that it asks for again at the next step."""

import ctypes
import sys

_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4


def keep_freed_memory() -> bool:
    """Let the C library keep what is freed for the next request, instead of handing it to the system and back.

    A step on a CPU frees and takes hundreds of megabytes; with glibc's defaults each large tensor is mapped
    anew and its pages are cleared one by one: an eighth of the time of a step (decision 21). The most memory
    that a process holds stays as it is. For whole processes of our own: the command line calls it.

    Returns:
        Whether the C library is one that can (glibc).
    """
    if sys.platform != "linux":
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return (
        mallopt is not None and bool(mallopt(_M_MMAP_MAX, 0)) and bool(mallopt(_M_TRIM_THRESHOLD, 2**31 - 1))
    )
