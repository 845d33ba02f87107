"""`HTTP_GET` and `SSL_GET`: the pages a check fetches, and what their answers must be."""

from __future__ import annotations

import re

from healthcheck.core.model import HttpCheck, HttpVersion, RegexOption, Url

from .addresses import parse_address
from .blocks import Statement
from .context import Context, shown
from .diagnostics import ProblemClass
from .known import Block
from .lvs_config import WebWords
from .lvs_timing import CONNECTION_ROWS, Checked, target, timing
from .schema import Keyword, read_block, table, value
from .shapes import Bool, Choice, Flag, Int, Word
from .values import Values, make

__all__ = ["HTTP_GET", "HTTP_URL", "SSL_GET", "SSL_URL", "build_web", "web_words"]

_GENERAL = ProblemClass.GENERAL
_DIGEST = re.compile(r"[0-9a-fA-F]{32}", re.ASCII)
_CODES = re.compile(r"(\d{1,9})(?:-(\d{1,9}))?", re.ASCII)
_OFFSET = re.compile(r"\d{1,18}", re.ASCII)
_PORT = re.compile(r":\d*$", re.ASCII)

_VERSIONS = {
    "1.0": HttpVersion.HTTP_1_0,
    "1.0C": HttpVersion.HTTP_1_0_CLOSE,
    "1.0c": HttpVersion.HTTP_1_0_CLOSE,
    "1.1": HttpVersion.HTTP_1_1,
}
_OPTIONS = {
    "caseless": RegexOption.CASELESS,
    "multiline": RegexOption.MULTILINE,
    "dotall": RegexOption.DOTALL,
    "extended": RegexOption.EXTENDED,
}


def _digest(context: Context, statement: Statement, values: Values) -> None:
    word = context.word(statement)
    if word is None or not context.once(statement, values, "digests"):
        return
    if not _DIGEST.fullmatch(word):
        message = f"digest {shown(word)} is not 32 hexadecimal digits; ignored"
        context.problem("bad-digest", statement, 1, message)
        return
    values.put("digests", (word.lower(),), statement)


def _status_code(context: Context, statement: Statement, values: Values) -> None:
    ranges = []
    for index, word in enumerate(statement.words[1:], 1):
        found = _CODES.fullmatch(word)
        low, high = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
        if 100 <= low <= high <= 599:
            ranges.append((low, high))
            continue
        message = f"status code {shown(word)} is not a number or range in 100..599; ignored"
        context.problem("value-out-of-range", statement, index, message)
    values.extend("status_codes", ranges, statement)


def _regex(context: Context, statement: Statement, values: Values) -> None:
    if len(statement.words) != 2:
        index = min(2, len(statement.words) - 1)
        message = "regex needs one pattern, in double quotes when it has blanks; ignored"
        context.problem("bad-regex", statement, index, message)
        return
    if "regex" in values.set:
        message = "regex was given already; this one replaces it"
        context.problem("given-twice", statement, 0, message)
    values.put("regex", str(statement.words[1]), statement)


def _regex_options(context: Context, statement: Statement, values: Values) -> None:
    options = values.get("regex_options", RegexOption.NONE)
    for index, word in enumerate(statement.words[1:], 1):
        if word not in _OPTIONS:
            hint = context.similar(word, _OPTIONS)
            message = f"regex option {shown(word)} does nothing"
            context.remark(
                "regex-option", statement, index, f"{message}; {hint}" if hint else message
            )
            continue
        options |= _OPTIONS[word]
    values.put("regex_options", options, statement)


def _offset(name: str) -> Keyword:
    """keepalived only logs an offset that is none."""

    def read(context: Context, statement: Statement, values: Values) -> None:
        word = context.word(statement, 1, ProblemClass.NONE)
        if word is None:
            return
        if not _OFFSET.fullmatch(word):
            message = f"{name} {shown(word)} is not a whole number; ignored"
            context.remark("bad-number", statement, 1, message)
            return
        values.put(name, int(word), statement)

    return Keyword(name, read)


def _regex_stack(context: Context, statement: Statement, _: Values) -> None:
    """Sizes of a stack that keepalived's library has and ours has not; it only logs wrong ones."""
    sizes = [int(word) for word in statement.words[1:] if _OFFSET.fullmatch(word)]
    if len(sizes) != 2 or len(statement.words) != 3 or sizes[0] > sizes[1]:
        message = "regex_stack needs a first size and a largest one; ignored"
        context.remark("bad-number", statement, min(1, len(statement.words) - 1), message)


_URL_ROWS = (
    value("path", Word()),
    Keyword("digest", _digest),
    Keyword("status_code", _status_code),
    value("virtualhost", Word(missing=_GENERAL)),
    Keyword("regex", _regex),
    Keyword("regex_options", _regex_options),
    value("regex_no_match", Flag()),
    _offset("regex_min_offset"),
    _offset("regex_max_offset"),
    Keyword("regex_stack", _regex_stack, acted_on=False),
)
_TLS_COMPLIANT = value("tls_compliant", Bool())
HTTP_URL = table("url", _URL_ROWS)
SSL_URL = table("url", (*_URL_ROWS, _TLS_COMPLIANT))


def _url(urls: str) -> Keyword:
    known = SSL_URL if urls == "SSL_GET" else HTTP_URL

    def read(context: Context, statement: Statement, values: Values) -> None:
        url = Values(statement)
        read_block(context, statement.block or (), known, url)
        if "path" not in url.set:
            message = f"url of {urls} has no path; it is dropped"
            context.problem("no-path", statement, 0, message)
            return
        _check_regex(context, url)
        values.extend("urls", (url,), statement)

    return Keyword("url", read, Block.TABLE)


def _check_regex(context: Context, url: Values) -> None:
    low, high = url.get("regex_min_offset", 0), url.get("regex_max_offset", None)
    if high is not None and low > high:
        message = f"regex_min_offset {low} is above regex_max_offset {high}; both are ignored"
        context.remark("value-out-of-range", url.where("regex_min_offset"), 0, message)
        url.set.pop("regex_min_offset")
        url.set.pop("regex_max_offset")
    pattern: str | None = url.get("regex", None)
    if pattern is None:
        for field in [f for f in url.set if f.startswith("regex_")]:
            message = f"{field} does nothing without regex"
            context.remark("regex-option", url.where(field), 0, message)
            del url.set[field]
        return
    # The module brings asyncio with it; few configurations have a regex.
    from healthcheck.probes.pattern import PatternError, compile_pattern

    try:
        compile_pattern(pattern, url.get("regex_options", RegexOption.NONE))
    except PatternError as exc:
        message = f"{exc}; the url is checked without it"
        where = url.where("regex")
        context.problem("bad-regex", where, 1, message, problem_class=ProblemClass.NONE)
        url.set = {f: v for f, v in url.set.items() if not f.startswith("regex")}


def _nb_get_retry(context: Context, statement: Statement, values: Values) -> None:
    context.problem("deprecated", statement, 0, "nb_get_retry is an old keyword", hint="use retry")
    retry = Int(0).read(context, statement)
    if isinstance(retry, int):
        values.put("retry", retry, statement)


def _http_protocol(context: Context, statement: Statement, values: Values) -> None:
    if context.word(statement, 1, _GENERAL) is None:
        return
    version = Choice(_VERSIONS).read(context, statement)
    if isinstance(version, HttpVersion):
        values.put("http_protocol", version, statement)


def _sni_name(context: Context, statement: Statement, values: Values) -> None:
    values.put("enable_sni", True, statement)
    if len(statement.words) > 1:
        values.put("sni_name", str(statement.words[1]), statement)
    elif "sni_name" in values.set:
        context.once(statement, values, "sni_name")


_CHECK_ROWS = (
    *CONNECTION_ROWS,
    Keyword("nb_get_retry", _nb_get_retry),
    value("virtualhost", Word(missing=_GENERAL)),
    Keyword("http_protocol", _http_protocol),
    value("fast_recovery", Bool()),
    value("enable_sni", Bool()),
    Keyword("sni_name", _sni_name),
)

HTTP_GET = table("HTTP_GET", (*_CHECK_ROWS, _url("HTTP_GET")))
SSL_GET = table("SSL_GET", (*_CHECK_ROWS, _TLS_COMPLIANT, _url("SSL_GET")))


def build_web(context: Context, check: Values, server: Checked) -> HttpCheck | None:
    """The check; None when it fetches nothing or has no target, which is reported."""
    name = check.owner.words[0]
    urls = check.items("urls", Values)
    if not urls:
        message = f"{name} of {server.label} has no url; the check is dropped"
        context.problem("no-url", check.owner, 0, message)
        return None
    goal = target(context, check, server)
    if goal is None:
        return None
    is_tls = name == "SSL_GET"
    host: str | None = check.get("virtualhost", server.defaults.said.virtualhost)
    return HttpCheck(
        goal,
        tuple(_built_url(url, check, host, is_tls=is_tls) for url in urls),
        timing(check, server, delay_before_retry=3.0),
        server.defaults.tls if is_tls else None,
        check.get("http_protocol", HttpVersion.HTTP_1_0),
        check.get("fast_recovery", False),
    )


def web_words(check: Values) -> WebWords:
    """What the block itself says."""
    return WebWords(
        check.get("virtualhost", None),
        check.get("enable_sni", False),
        tuple(url.get("virtualhost", None) for url in check.items("urls", Values)),
    )


def _built_url(url: Values, check: Values, host: str | None, *, is_tls: bool) -> Url:
    fields = dict(url.set)
    fields["virtualhost"] = host = url.get("virtualhost", host)
    if is_tls:
        fields["sni_name"] = _server_name(check, host)
        fields.setdefault("tls_compliant", check.get("tls_compliant", False))
    return make(Url, fields)


def _server_name(check: Values, host: str | None) -> str | None:
    """The name in the TLS handshake: never an address (RFC 6066 §3), never with a port."""
    if not check.get("enable_sni", False):
        return None
    name: str | None = check.get("sni_name", host)
    if name is None or parse_address(name) is not None:
        return None
    name = _PORT.sub("", name)
    return None if parse_address(name.strip("[]")) else name
