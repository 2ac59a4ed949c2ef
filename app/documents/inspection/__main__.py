"""The process a content is judged in: the declared type in the arguments, the content in, the verdict out.

What a reader of files can be made to do here is bounded before one is imported: CPU, memory, files, core
dumps. The caller bounds the time, and gave it no environment.
"""

import os
import resource
import sys
from typing import Final

CPU_SECONDS: Final = 12
MEMORY_BYTES: Final = 1536 * 1024 * 1024
OPEN_FILES: Final = 64


def _bound() -> None:
    for what, limit in (
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
    ):
        # SIGXCPU comes at the soft limit and says why; the hard one is for who does not hear it.
        resource.setrlimit(what, (limit, limit + 2 if what == resource.RLIMIT_CPU else limit))


def _deny(event: str, _arguments: object) -> None:
    """Reading a file needs no connection and no program."""
    if event.startswith(("socket.", "subprocess.", "os.exec", "os.posix_spawn", "os.fork", "os.system")):
        raise PermissionError(event)


def main() -> None:
    # Nothing a library prints may pass for the verdict.
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    _bound()
    import msgspec  # noqa: PLC0415 - bounded first

    from app.documents.inspection.content import judge  # noqa: PLC0415
    from app.documents.inspection.pdfs import limit_reader  # noqa: PLC0415

    limit_reader()
    sys.addaudithook(_deny)
    verdict = judge(sys.stdin.buffer.read(), declared=sys.argv[1])
    with answer:
        answer.write(msgspec.msgpack.encode(verdict))


if __name__ == "__main__":
    main()
