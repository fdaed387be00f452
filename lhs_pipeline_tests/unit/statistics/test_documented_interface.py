"""The examples of docs/how-to/use-the-statistics.md give what the page says they give."""

import contextlib
import io
import re
from pathlib import Path

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "use-the-statistics.md"


def test_every_example_prints_what_stands_below_it() -> None:
    text = PAGE.read_text(encoding="utf-8")
    examples = re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)```", text, flags=re.S)
    assert len(examples) == text.count("```python") >= 6
    names: dict[str, object] = {}
    for code, printed in examples:
        page = io.StringIO()
        with contextlib.redirect_stdout(page):
            exec(code, names)
        assert page.getvalue() == printed, code
