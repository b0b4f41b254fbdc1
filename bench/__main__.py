"""``python -m bench``: what can be measured. ``python -m bench NAME ...``: measure it."""

from __future__ import annotations

import ast
import runpy
import sys
from pathlib import Path

HERE = Path(__file__).parent


def main() -> int:
    """0 after a measurement or the list of them, 2 for a name that is none."""
    known = {path.stem: path for path in HERE.glob("[a-z]*.py")}
    known |= {path.parent.name: path for path in HERE.glob("[a-z]*/__main__.py")}
    known = dict(sorted(known.items()))
    if len(sys.argv) < 2:
        for name, path in known.items():
            about = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
            print(f"  {name:14} {about.splitlines()[0] if about else ''}")
        print('\nMeasure with `make bench ARGS="NAME ..."`; add --help to see what a measurement takes.')
        return 0
    name = sys.argv[1]
    if name not in known:
        print(f"bench: there is no measurement {name!r}; there are {', '.join(known)}", file=sys.stderr)
        return 2
    sys.argv = sys.argv[1:]
    sys.path.insert(0, str(HERE.parent))
    runpy.run_module(f"bench.{name}", run_name="__main__", alter_sys=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
