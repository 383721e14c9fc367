"""The reader of sources sees what it must: each rule is shown a file that breaks it."""

from __future__ import annotations

import pytest

from tests import sources


@pytest.mark.parametrize(
    "line",
    [
        "import keras",
        "import keras.layers as layers",
        "from keras import layers",
        "from keras.src.layers import LSTM",
        "def f():\n    import keras",
        "class A:\n    def f(self):\n        from keras import ops",
        "import importlib\nimportlib.import_module('keras.ops')",
        "__import__('keras')",
    ],
)
def test_imports_are_found_wherever_they_stand(line: str) -> None:
    assert "keras" in sources.packages(line)


def test_relative_imports_and_lookalikes_are_not_packages() -> None:
    assert sources.packages("from . import keras\nkeras_like = 'keras'\n# import keras") == set()


def test_submodules_imported_from_a_package_are_named() -> None:
    assert "cryptoforecast.prices" in sources.imports("from cryptoforecast import prices")


@pytest.mark.parametrize(
    "line",
    [
        "import pickle",
        "from joblib import load",
        "eval('1')",
        "exec(code)",
        "pd.read_pickle(path)",
        "np.load(path, allow_pickle=True)",
        "st.markdown(text, unsafe_allow_html=True)",
        "st.markdown(text, unsafe_allow_html=flag)",
    ],
)
def test_dangers_are_found(line: str) -> None:
    assert len(sources.dangers(line)) == 1


def test_harmless_calls_are_not_dangers() -> None:
    assert sources.dangers("model.eval()\nnp.load(path, allow_pickle=False)") == []


@pytest.mark.parametrize("caught", ["", " Exception", " (OSError, Exception)", " BaseException"])
@pytest.mark.parametrize("comment", ["", "  # noqa: BLE001", "  #"])
def test_catching_everything_needs_a_reason(caught: str, comment: str) -> None:
    source = f"try:\n    f()\nexcept{caught}:{comment}\n    pass\n"
    assert sources.unexplained_catches(source) == [3]


@pytest.mark.parametrize(
    "handler",
    [
        "except Exception:  # the last boundary, shown to the person\n    pass",
        "except Exception:\n    # The last boundary, shown to the person.\n    pass",
        "except OSError:\n    pass",
        "except BaseException:\n    tidy()\n    raise",
    ],
)
def test_a_reason_a_named_error_or_raising_again_will_do(handler: str) -> None:
    assert sources.unexplained_catches(f"try:\n    f()\n{handler}\n") == []
