"""Text that is not ours is escaped wherever a page gives it to Markdown."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import markup

ROOT = Path(__file__).resolve().parent.parent
#: The texts of a card are Markdown already: the calls of its functions are looked at.
CARD = ROOT / "cryptoforecast/ui/card.py"
FILES = sorted({*ROOT.glob("pages/*.py"), *ROOT.glob("cryptoforecast/ui/**/*.py")} - {CARD})


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_pages_escape_what_they_give_to_markdown(path: Path) -> None:
    assert markup.foreign(path.read_text("utf-8")) == []


@pytest.mark.parametrize(
    "code",
    [
        "st.markdown(name)",
        "st.caption(f'Saved as {model.name}.')",
        "st.error(str(error))",
        "st.info('x' + name)",
        "st.metric('Close', '1', delta=text)",
        "st.badge(plain(source))",
        "st.html(plain(name))",
        "st.text_input('Name', help=name)",
        "st.expander(title)",
        "st.spinner(f'Fitting {name}')",
        "bar.progress(0.5, name)",
        "st.table({key: text for key, text in rows})",
        "st.table(pd.DataFrame({'a': [plain(x) for x in xs], 'b': names}))",
        "st.pills('Which', names, format_func=lambda name: name)",
        "st.warning(', '.join(names))",
        "def show(title):\n    line = plain('x')\n    line += title\n    st.title(line)",
        "def show(name):\n    lines = []\n    lines.append(name)\n    st.title(' '.join(lines))",
    ],
)
def test_text_that_is_not_escaped_is_found(code: str) -> None:
    assert len(markup.foreign(code)) == 1


@pytest.mark.parametrize(
    "code",
    [
        "st.markdown('**ours**')",
        "st.caption(plain(name))",
        "st.caption(f'Saved as {plain(name)}, {count:,} candles, {share:.1%}')",
        "st.warning('  \\n'.join(map(plain, warnings)))",
        "st.slider('Lookback', value=value, help=_HELP[field])",
        "st.dataframe(frame)",
        "st.table(pd.DataFrame({'a': [plain(x) for x in xs], 'b': [percent(x) for x in xs]}))",
        "st.badge('Simulated')",
        "st.html(elements.STYLE)",
        "st.html(still)",
        "st.text_input('Name', value=name)",
        "st.selectbox('Coin', names, format_func=lambda name: name)",
        "mark = ':green[x]' if good else ':red[x]'\nst.markdown(f'{mark} {plain(name)}')",
    ],
)
def test_escaped_text_is_no_finding(code: str) -> None:
    assert markup.foreign(code) == []
