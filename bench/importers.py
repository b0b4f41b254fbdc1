"""How fast and how well documents are imported.

    python bench/importers.py [FOLDER ...]      seconds, memory, recall and precision

FOLDER holds real documents (default: the shared corpus). Quality is what ``tieline connectors eval`` says:

* ``labels/importers.yaml``: all operations of some documents, as a person read them while the rules were made;
* ``labels/development.yaml`` and ``labels/held_out.yaml``: operations picked at random in two halves of the corpus. The
  second was scored once before anybody looked at what was wrong in it; since then it is one more set to learn from;
* ``labels/second_held_out.yaml`` and ``labels/third_held_out.yaml``: operations picked afterwards among those that were
  not labelled yet, labelled before they were scored (each file says how its first score was);
* the vendors' own extensions (``x-ms-pageable``, ``x-speakeasy-pagination``, ``x-ms-notification-url``).

Vendors' extensions are taken out of every document before the importer sees it.
"""

from __future__ import annotations

import os
import resource
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tieline.connectors.evaluation import Evaluation, evaluate, read_labels, vendor_labels
from tieline.connectors.importers import import_document
from tieline.core.errors import BadInput, TielineError

ROOT = Path(__file__).resolve().parents[1]
LABELS = ROOT / "bench" / "labels"
SETS = ("importers", "development", "held_out", "second_held_out", "third_held_out")


def documents(folders: list[Path]) -> Iterator[Path]:
    for folder in folders:
        yield from sorted(path for path in folder.rglob("*") if path.suffix in (".json", ".yaml", ".yml"))


def speed(paths: list[Path]) -> None:
    """Wall seconds of each import and the peak memory of all of them."""
    taken: list[tuple[float, str]] = []
    failed = 0
    for path in paths:
        data = path.read_bytes()
        begun = time.perf_counter()
        try:
            import_document(data, address=path.name)
        except TielineError:
            failed += 1
        taken.append((time.perf_counter() - begun, path.name))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    total = sum(seconds for seconds, _ in taken)
    print(f"{len(paths) - failed} of {len(paths)} imported in {total:.2f} s, peak {peak:.0f} MB")
    for seconds, name in sorted(taken, reverse=True)[:5]:
        print(f"  {seconds:6.3f} s  {name[:70]}")


def show(title: str, result: Evaluation) -> None:
    print(f"\n{title}: {result.operations} operations of {result.documents} documents")
    for name, score in result.scores.of.items():
        if score.recall is None and score.precision is None:
            continue
        recall = "-" if score.recall is None else f"{score.recall:.1%}"
        precision = "-" if score.precision is None else f"{score.precision:.1%}"
        print(f"  {name:20} recall {recall:>6}  precision {precision:>6}  of {score.right + score.missed}")
        for miss in score.misses:
            print(f"      {miss.document[:30]} {miss.operation}: expected {miss.expected}, found {miss.found}")


def main(arguments: list[str]) -> None:
    shared = Path(os.environ.get("TIELINE_SHARED") or ROOT.parent / "shared")
    folders = [Path(argument) for argument in arguments] or [shared / "corpus" / "openapi"]
    paths = list(documents(folders))
    if not paths:
        sys.exit(f"no JSON or YAML documents in {', '.join(map(str, folders))}")
    speed(paths)
    for name in SETS:
        try:
            show(f"labels/{name}.yaml", evaluate(read_labels(LABELS / f"{name}.yaml"), folders))
        except BadInput as error:
            print(f"\nlabels/{name}.yaml: {error}")
    for folder in folders:
        try:
            show(f"the vendors' own extensions in {folder.name}", evaluate(vendor_labels(folder)))
        except BadInput as error:
            print(f"\n{error}")
    kinds = Counter(block.kind for path in paths for block in import_document(path.read_bytes()).blocks)
    print("\nblocks: " + ", ".join(f"{kind} {count}" for kind, count in kinds.most_common()))


if __name__ == "__main__":
    main(sys.argv[1:])
