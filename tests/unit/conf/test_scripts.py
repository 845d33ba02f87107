"""Words of a command line."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pyvrrp.conf.load import Loaded
from pyvrrp.conf.scripts import command_words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("/bin/a", ("/bin/a",)),
        (" /bin/a  b\tc ", ("/bin/a", "b", "c")),
        ("/bin/a 'b c' d", ("/bin/a", "b c", "d")),
        ('/bin/a "b \\" c"', ("/bin/a", 'b " c')),
        (r"/bin/a\ b", ("/bin/a b",)),
        ("/bin/a x'y z'w", ("/bin/a", "xy zw")),
        ("/bin/a it's", ("/bin/a", "it's")),
        ("/bin/a ''", ("/bin/a", "")),
        ("", ()),
        ("ends\\", ("ends\\",)),
    ],
)
def test_words(text: str, words: tuple[str, ...]) -> None:
    assert command_words(text) == words


def test_script_user_and_group(read: Callable[..., Loaded]) -> None:
    defs = read('global_defs {\n startup_script "/bin/a b" me us\n}').config.global_defs
    script = defs.startup_script
    assert script is not None
    assert (script.argv, script.user, script.group) == (("/bin/a", "b"), "me", "us")
    assert str(script.span) == "k.conf:2:17"


def test_empty_script(read: Callable[..., Loaded]) -> None:
    result = read('global_defs {\n startup_script ""\n}')
    assert [d.id for d in result.diagnostics] == ["no-script"]
    assert result.config.global_defs.startup_script is None
