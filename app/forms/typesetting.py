"""The program that sets one form: what it is told on standard input, a PDF on standard output.

Run by `app.forms.press` as a process of its own, without environment, without a way to any file it does not
need, and with limits it gives itself before it looks at what it was told. It imports nothing of ours.
"""

import json
import resource
import sys
from pathlib import Path
from typing import Final

CPU_SECONDS: Final = 10
MEMORY_BYTES: Final = 2 * 1024**3
LARGEST_PDF: Final = 4 * 1024**2
# One standard: PDF/UA-1 (ISO 14289-1), which the typesetter enforces while it writes.
STANDARD: Final = "ua-1"


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main() -> None:
    _limit()
    import typst  # noqa: PLC0415 - the limits come first

    asked = json.load(sys.stdin.buffer)
    template = Path(asked["template"])
    compiler = typst.Compiler(
        template,
        root=template.parent,
        font_paths=typst.Fonts(include_system_fonts=False),
        sys_inputs={"facts": json.dumps(asked["facts"], ensure_ascii=False)},
    )
    pdf, warnings = compiler.compile_with_warnings(
        format="pdf", pdf_standards=[STANDARD], timestamp=asked["timestamp"]
    )
    for warning in warnings:
        sys.stderr.write(f"{warning.message}\n")
    assert isinstance(pdf, bytes)
    if len(pdf) > LARGEST_PDF:
        sys.exit("the document is larger than a form may be")
    sys.stdout.buffer.write(pdf)


if __name__ == "__main__":
    main()
