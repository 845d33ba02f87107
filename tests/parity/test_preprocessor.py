"""What becomes of variables, conditions, repetition and includes: Debian's keepalived beside ours.

Each logical line of these files starts with a word that is no keyword, so keepalived names it, with
everything replaced. Where the two differ, a row of QUIRKS.md says why.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pyvrrp.conf.diagnostics import Collector
from pyvrrp.conf.expand import Expander
from pyvrrp.conf.lexer import UnterminatedQuote, split
from pyvrrp.conf.source import DiskReader
from tests.parity.debian import NODE, said

pytestmark = [pytest.mark.root, pytest.mark.untimed]

B = "$B=\\\nx1 \\\nx2\n"
CASES = {
    "a name of digits": "$1=a\nx\n",
    "no blank before =": "$A =b\nx\n",
    "blanks around a value": "$A= b  \nx_${A}_y\n",
    "an empty value": "$A=\nx_${A}_y\n",
    "not defined": "x_$A\n",
    "where a plain name ends": "$A=b\nx_$A\nx_$A_y\nx_$A,y\nx_$A)y\nx_$A-y\n",
    "defined again": "$A=b\nx_${A}\n$A=c\nx_${A}\n",
    "inner ones late": "$A=b\n$B=_${A}\nx${B}\n$A=c\nx${B}\n",
    "a name in a name": "$A=B\n$B=c\nx_${${A}}\n",
    "a comment behind a value": "$A=b # c\nx_${A}_y\n",
    "signs in quotes": 'x_"#"y\nz_"!"\n',
    "escaped signs": "x\\#y\nx\\!y\n",
    "_HASH": "x${_HASH}y\n",
    "_BANG": "x${_BANG}y\n",
    "an escaped sign in a value": "$A=b\\#c\nx${A}\n",
    "_INSTANCE": "instance foo\nx_${_INSTANCE}_y\n",
    "_RANDOM of one number": "x_${_RANDOM 5 5}_y\n",
    "_RANDOM reversed": "x_${_RANDOM 6 5}_y\n",
    "_PWD": "x_${_PWD}_y\n",
    "_PWD of one's own": "$_PWD=here\nx_${_PWD}\n",
    "_ENV": "x_${_ENV SITE}_y\n",
    "SEQ to": "~SEQ(I, 3) x$I\n",
    "SEQ down to": "~SEQ(I, -3) x$I\n",
    "SEQ to 0": "~SEQ(I, 0) x$I\n",
    "SEQ from to": "~SEQ(I, 2, 4) x$I\n",
    "SEQ from down to": "~SEQ(I, 4, 2) x$I\n",
    "SEQ in steps": "~SEQ(I, 1, 3, 8) x$I\n",
    "SEQ the wrong way": "~SEQ(I, 1, -3, 8) x$I\n",
    "SEQ that stands": "~SEQ(I, 1, 0, 8) x$I\n",
    "SEQ of one": "~SEQ(I, 2, 5, 2) x$I\n",
    "SEQ hexadecimal": "~SEQ(I, 0x10, 0x12) x$I\n",
    "SEQ octal": "~SEQ(I, 010, 012) x$I\n",
    "SEQx": "~SEQx(I, 9, 11) x$I\n",
    "SEQx negative": "~SEQx(I, -1, 2) x$I\n",
    "SEQ without a number": "~SEQ(I, ) x$I\n",
    "SEQ without a comma": "~SEQ(I) x$I\n",
    "SEQ of junk": "~SEQ(I, 1x) x$I\n",
    "SEQ of four": "~SEQ(I, 1,1,3,4) x$I\n",
    "SEQ that is not closed": "~SEQ(I, 1, 3 x$I\n",
    "SEQ with a variable": "$E=3\n~SEQ(I, 1, $E) x$I\n",
    "SEQ without blanks": "~SEQ(I,1,2)x$I\n",
    "SEQ with a blank": "~SEQ (I,1,2) x$I\n",
    "SEQ twice": "~SEQ(I,1,2) ~SEQ(J,1,2) x${I}_$J\n",
    "SEQ of a variable": "$T=x$I\n~SEQ(I,1,2) $T\n",
    "behind SEQ": "~SEQ(I,1,2) x$I\ny$I\n",
    "SEQ in a variable": "$T=~SEQ(I,1,2) x$I\n$T\n",
    "SEQ in a variable before text": "$T=~SEQ(I,1,2)\n$T x$I\n",
    "SEQ of a block": "$B=\\\nx$I \\\ny$I\n~SEQ(I,1,2) $B\n",
    "SEQ of a definition": "~SEQ(I,1,2) $A=b$I\nx_${A}\n",
    "SEQ of a condition": "~SEQ(I,1,2) @alpha x$I\n",
    "SEQ of another condition": "~SEQ(I,1,2) @beta x$I\ny\n",
    "SEQ of nothing": "~SEQ(I,1,2)\nx$I\n",
    "another tilde": "~FOO(I) x\n",
    "SEQ in lower case": "~seq(I,1,2) x$I\n",
    "LST": "~LST(I, a, b) x$I\n",
    "LST of one": "~LST(I, a) x$I\n",
    "LST of none": "~LST(I) x$I\n",
    "LST of pairs": "~LST({I,J}, {a,b}, {c,d}) x${I}_$J\n",
    "LST of a short pair": "~LST({I,J}, {a,b}, {c}) x${I}_${J}_\n",
    "LST of a long pair": "~LST({I,J}, {a,b}, {c,d,e}) x${I}_${J}\n",
    "LST with braces": "~LST(I, {a}, {b}) x${I}\n",
    "LST with a variable": "$A=q\n~LST(I, $A, b) x$I\n",
    "LST with a hole": "~LST(I, a, , b) x${I}_\n",
    "LST with a blank": "~LST(I, a c, b) x${I}_\n",
    "LST that is not closed": "~LST(I, a, b x$I\n",
    "lines": f"{B}$B\n",
    "lines from the first on": "$B=x1 \\\nx2\n$B\n",
    "text before lines": f"{B}y_$B\n",
    "a comment between lines": "$B=\\\nx1 \\\n# comment\nx2 \\\nx3\n$B\n",
    "a comment behind a backslash": "$B=\\\nx1 \\ # comment\nx2\n$B\n",
    "an empty line ends lines": "$B=\\\nx1 \\\n\nx2\n$B\n",
    "lines in lines": "$A=\\\na1 \\\na2\n$B=\\\nx1 \\\n$A \\\nx2\n$B\n",
    "lines at the end of lines": "$A=\\\na1 \\\na2\n$B=\\\nx1 \\\n$A\n$B\nz\n",
    "conditions in lines": "$B=\\\nx1 \\\n@alpha x2 \\\n@^alpha x3 \\\nx4\n$B\n",
    "a variable in lines": "$B=\\\n$C=q \\\nx_${C}\n$B\n",
    "SEQ in lines": "$B=\\\n~SEQ(I,1,2) x$I \\\nx4\n$B\n",
    "one line of lines": "$B=x1 \\\n\n$B\n",
    "lines that end with the file": "x\n$B=x1 \\\n",
    "lines become one": f"{B}$B=y\n$B\n",
    "conditions": "@alpha x\n@beta y\n@^alpha z\n@^beta w\n",
    "a variable under a condition": "@alpha $A=b\n@beta $A=c\nx_$A\n",
    "SEQ under a condition": "@alpha ~SEQ(I,1,2) x$I\n@beta ~SEQ(I,1,2) y$I\n",
    "a condition of nothing": "@alpha\nx\n",
    "a condition without a name": "@ alpha x\n",
    "a condition twice": "@alpha @alpha x\n",
    "another node's condition in a variable": "$A=@beta\n$A x\ny\n",
    "lines under a condition": f"@alpha {B}$B\n",
    "lines of another node": f"@beta {B}y\n",
    "a name that is longer": "@alphax y\n",
    "carriage returns": "x\r\n$A=b\r\ny_${A}\r\n",
    "tabs": "\tx\n\t$A=b\n\ty_$A\t\n",
    "include": "include inc.conf\nx\n",
    "a comment behind include": "include inc.conf # c\nx\n",
    "words like include": "include_x y\nincludes y\n",
    "include nothing": "include nothing.conf\nx\n",
    "include in quotes": 'include "inc.conf"\nx\n',
    "include two": "include inc.conf inc2.conf\nx\n",
    "include with braces": "include inc{,2}.conf\nx\n",
    "include with a wildcard": "include inc*.conf\nx\n",
    "include a variable": "$F=inc\ninclude ${F}.conf\nx\n",
    "include under a condition": "@beta include inc.conf\n@alpha include inc2.conf\nx\n",
    "include in SEQ": "~SEQ(I,1,2) include inc.conf\nx\n",
    "a variable of an included file": "include def.conf\nx_${D}\n",
    "include from a directory": "include sub/s.conf\nx\n",
    "include a directory": "include sub\nx\n",
    "include what is executable": "include exec.conf\nx\n",
    "include hidden files": "include .h*.conf\nx\ninclude *.hid\n",
    "variables without end": "$A=b${A}\nx\n",
    "a dollar at the end": "x$\n$A=b\ny$\n",
    "no line end": "x",
    "a byte order mark": "\ufeffx\ny\n",
}

DIFFERENT = {
    "escaped signs": "sign-variables",
    "_HASH": "sign-variables",
    "_BANG": "sign-variables",
    "an escaped sign in a value": "sign-variables",
    "_RANDOM of one number": "newer-language",
    "_RANDOM reversed": "random-reversed",
    "_ENV": "newer-language",
    "SEQ without a number": "empty-number",
    "lines of another node": "guarded-definition",
    "include under a condition": "include-twice",
    "include in SEQ": "include-twice",
    "a comment between lines": "comment-in-definition",
}
"""Name of a case to a row of QUIRKS.md."""

OTHERS = {
    "inc.conf": "inc1\n",
    "inc2.conf": "inc2\n",
    "def.conf": "$D=dd\n",
    "exec.conf": "ex\n",
    "sub/s.conf": "include t.conf\ns_${_PWD}\n",
    "sub/t.conf": "t\n",
    ".h1.conf": "h1\n",
    ".x.hid": "hid\n",
}


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Each case in a directory of its own, with what it includes."""
    top = tmp_path_factory.mktemp("preprocessor")
    found = {name: top / str(number) / "keepalived.conf" for number, name in enumerate(CASES)}
    for name, place in found.items():
        (place.parent / "sub").mkdir(parents=True)
        for other, text in OTHERS.items():
            (place.parent / other).write_text(text)
        (place.parent / "exec.conf").chmod(0o755)
        place.write_bytes(CASES[name].encode())
    return found


@pytest.fixture(scope="module")
def theirs(places: dict[str, Path]) -> dict[str, list[str]]:
    """First words of the lines keepalived makes of each file, as one of its processes names them."""
    return {name: _unknown(text) for name, text in said(places).items()}


def _unknown(text: str) -> list[str]:
    """The parent reads the file, then three processes read a copy: the last of them counts."""
    found = re.findall(r"Unknown keyword '(.*)'", text)
    return found[len(found) * 3 // 4 :]


@pytest.mark.parametrize("name", CASES)
def test_first_words(
    name: str,
    theirs: dict[str, list[str]],
    places: dict[str, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(places[name].parent)
    expander = Expander(DiskReader(), Collector(), config_id=NODE, environ={"SITE": "north"})
    mine = [_first_word(line.text) for line in expander.lines("keepalived.conf")]
    if name in DIFFERENT:
        assert mine != theirs[name]
    else:
        assert [word for word in mine if word != "instance"] == theirs[name]


def _first_word(text: str) -> str:
    try:
        return split(text)[0]
    except UnterminatedQuote as problem:
        return problem.words[0]


def test_every_difference_is_still_tested() -> None:
    assert set(DIFFERENT) <= set(CASES)
