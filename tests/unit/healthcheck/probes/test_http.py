"""HTTP_GET and SSL_GET against real sockets on loopback."""

import asyncio
import shutil
import socket
import ssl
import subprocess
from contextlib import asynccontextmanager
from ipaddress import ip_address

import pytest

from healthcheck import probes
from healthcheck.core.model import (
    HttpCheck,
    HttpVersion,
    ProbeResult,
    RegexOption,
    Target,
    TlsMaterial,
    Url,
)
from healthcheck.probes.connect import make_socket

LOCALHOST = ip_address("127.0.0.1")
# printf hello | md5sum; printf '5\r\nhello\r\n0\r\n\r\n' | md5sum
HELLO = "5d41402abc4b2a76b9719d911017c592"
HELLO_IN_CHUNKS = "79e9489e3bd3f0cb0158215341de046d"


@asynccontextmanager
async def served(reply, *, stays_open=False, context=None, host="127.0.0.1"):
    """Port of a server that reads one request, gives this reply, and closes; and the requests."""
    requests = []
    pieces = [reply] if isinstance(reply, bytes) else reply

    async def serve(reader, writer):
        try:
            requests.append(await reader.readuntil(b"\r\n\r\n"))
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0)  # the client's turn
            if stays_open:
                await reader.read()
        except (OSError, asyncio.IncompleteReadError):
            pass  # a client that hangs up
        finally:
            writer.close()

    server = await asyncio.start_server(serve, host, 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1], requests
    finally:
        server.close()
        await server.wait_closed()


async def attempt(check):
    loop = asyncio.get_running_loop()
    answer = loop.create_future()
    probes.start(check, loop, answer.set_result)
    return await asyncio.wait_for(answer, 5)


def check_of(port, url=None, *, timeout=5.0, address=LOCALHOST, **settings):
    return HttpCheck(Target(address, port, timeout), (url or Url("/"),), **settings)


async def result_of(reply, url=None, *, stays_open=False, **settings):
    async with served(reply, stays_open=stays_open) as (port, _):
        return await attempt(check_of(port, url, **settings))


def reply(body=b"hello", status=b"200 OK", fields=b""):
    return (
        b"HTTP/1.1 "
        + status
        + b"\r\nContent-Length: "
        + str(len(body)).encode()
        + b"\r\n"
        + fields
        + b"\r\n"
        + body
    )


@pytest.mark.parametrize(
    ("version", "line", "close"),
    [
        pytest.param(HttpVersion.HTTP_1_0, b"HTTP/1.0", b"", id="1.0"),
        pytest.param(HttpVersion.HTTP_1_0_CLOSE, b"HTTP/1.0", b"Connection: close\r\n", id="1.0C"),
        pytest.param(HttpVersion.HTTP_1_1, b"HTTP/1.1", b"Connection: close\r\n", id="1.1"),
    ],
)
async def test_the_request_is_keepaliveds(version, line, close):
    async with served(reply()) as (port, requests):
        check = check_of(port, Url("/health?x=1"), http_version=version)
        assert await attempt(check) == ProbeResult(True, "status 200")
    host = b"Host: 127.0.0.1:%d\r\n" % port
    agent = b"User-Agent: KeepAliveClient\r\n"
    assert requests == [b"GET /health?x=1 " + line + b"\r\n" + agent + close + host + b"\r\n"]


async def test_the_virtual_host_stands_alone_in_the_host_field():
    async with served(reply()) as (port, requests):
        await attempt(check_of(port, Url("/", virtualhost="www.example.com")))
    assert b"\r\nHost: www.example.com\r\n" in requests[0]


async def test_an_ipv6_address_stands_in_brackets():
    async with served(reply(), host="::1") as (port, requests):
        check = check_of(port, address=ip_address("::1"))
        assert await attempt(check) == ProbeResult(True, "status 200")
    assert b"\r\nHost: [::1]:%d\r\n" % port in requests[0]


@pytest.mark.parametrize(
    ("codes", "status", "is_success"),
    [
        pytest.param((), b"200 OK", True, id="200 by default"),
        pytest.param((), b"204 No Content", True, id="204 by default"),
        pytest.param((), b"299", True, id="299 by default, no phrase"),
        pytest.param((), b"301 Moved", False, id="no redirect by default"),
        pytest.param((), b"503 Sorry", False, id="503 by default"),
        pytest.param(((404, 404),), b"404 Not Found", True, id="404 when wanted"),
        pytest.param(((404, 404),), b"200 OK", False, id="200 when 404 is wanted"),
        pytest.param(((200, 200), (301, 302)), b"302 Found", True, id="end of the second range"),
        pytest.param(((200, 200), (301, 302)), b"303 See", False, id="past it"),
    ],
)
async def test_status(codes, status, is_success):
    result = await result_of(reply(status=status), Url("/", status_codes=codes))
    assert result == ProbeResult(is_success, f"status {status[:3].decode()}")


@pytest.mark.parametrize(
    "whole",
    [
        pytest.param(b"HTTP/1.0 200 OK\r\n\r\nhello", id="until closed"),
        pytest.param(b"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello", id="bare line feeds"),
        pytest.param(b"HTTP/1.1 200 OK\r\ncontent-LENGTH:5\r\n\r\nhello and more", id="counted"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello", id="short of its count"
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"2\r\nhe\r\n3;ext=1\r\nllo\r\n0\r\nTrailer: x\r\n\r\n",
            id="chunks with an extension and a trailer",
        ),
        pytest.param(
            b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n"
            b"Content-Length: 5\r\n\r\nhello",
            id="after an interim reply",
        ),
    ],
)
@pytest.mark.parametrize("is_dripping", [False, True], ids=["at once", "octet by octet"])
async def test_where_the_body_is(whole, is_dripping):
    pieces = [whole[i : i + 1] for i in range(len(whole))] if is_dripping else whole
    result = await result_of(pieces, Url("/", digests=("0" * 32, HELLO.upper())))
    assert result == ProbeResult(True, "status 200")


@pytest.mark.parametrize(
    "whole",
    [
        pytest.param(reply(), id="counted"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
            id="chunked",
        ),
        pytest.param(b"HTTP/1.1 204 No Content\r\n\r\n", id="no content"),
        pytest.param(reply(b""), id="empty"),
    ],
)
async def test_a_complete_reply_needs_no_close(whole):
    """keepalived waits for the server to close, and fails."""
    assert (await result_of(whole, stays_open=True)).is_success


async def test_a_reply_without_length_that_stays_open_is_a_failure():
    result = await result_of(b"HTTP/1.0 200 OK\r\n\r\nhello", stays_open=True, timeout=0.1)
    assert result == ProbeResult(False, "no answer within 0.1 s")


async def test_another_digest_is_shown():
    result = await result_of(reply(), Url("/", digests=("0" * 32,)))
    assert result == ProbeResult(False, f"digest differs: {HELLO}")


async def test_a_digest_alone_takes_any_status():
    url = Url("/", digests=(HELLO,))
    assert await result_of(reply(status=b"500 Oh"), url) == ProbeResult(True, "status 500")


async def test_a_digest_of_chunks_as_genhash_makes_it():
    whole = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
    result = await result_of(whole, Url("/", digests=(HELLO_IN_CHUNKS,)))
    assert result == ProbeResult(True, "status 200")


@pytest.mark.parametrize(
    ("settings", "detail"),
    [
        pytest.param({"regex": "l+o"}, "", id="found"),
        pytest.param({"regex": "^hello$"}, "", id="anchors are the body's"),
        pytest.param({"regex": "Content-Length"}, "regex not found in the body", id="no header"),
        pytest.param({"regex": "L+O"}, "regex not found in the body", id="case counts"),
        pytest.param({"regex": "L+O", "regex_options": RegexOption.CASELESS}, "", id="or not"),
        pytest.param(
            {"regex": "l+ o", "regex_options": RegexOption.EXTENDED}, "", id="spaces do not count"
        ),
        pytest.param(
            {"regex": "ell", "regex_no_match": True}, "regex found in the body", id="unwanted"
        ),
        pytest.param({"regex": "x", "regex_no_match": True}, "", id="unwanted and not there"),
        pytest.param({"regex": "l", "regex_min_offset": 3}, "", id="at the least offset"),
        pytest.param(
            {"regex": "e", "regex_min_offset": 2}, "regex not found in the body", id="before it"
        ),
        pytest.param({"regex": "lo", "regex_max_offset": 3}, "", id="at the greatest offset"),
        pytest.param(
            {"regex": "lo", "regex_max_offset": 2}, "regex not found in the body", id="after it"
        ),
    ],
)
async def test_regex(settings, detail):
    result = await result_of(reply(), Url("/", **settings))
    assert result == ProbeResult(not detail, detail or "status 200")


async def test_a_regex_counts_beside_status_and_digest():
    url = Url("/", status_codes=((200, 200),), digests=(HELLO,), regex="absent")
    assert await result_of(reply(), url) == ProbeResult(False, "regex not found in the body")


async def test_an_impossible_regex_is_no_verdict():
    result = await result_of(reply(), Url("/", regex="(?R)"))
    assert not result.is_verdict
    assert result.detail.startswith("regex '(?R)': ")


async def test_the_first_url_is_the_one_fetched():
    async with served(reply()) as (port, requests):
        await attempt(HttpCheck(Target(LOCALHOST, port), (Url("/a"), Url("/b"))))
    assert [r.split()[1] for r in requests] == [b"/a"]


async def test_a_closed_port_refuses():
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        result = await attempt(check_of(unheard.getsockname()[1]))
    assert result == ProbeResult(False, "connection refused")


async def test_a_request_longer_than_the_buffers_arrives(monkeypatch):
    def narrow(target):
        sock = make_socket(target)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        return sock

    path = "/" + "x" * 50_000
    async with served(reply()) as (port, requests):
        monkeypatch.setattr("healthcheck.probes.connect.make_socket", narrow)
        result = await attempt(check_of(port, Url(path)))
    assert result == ProbeResult(True, "status 200")
    assert requests[0].split()[1] == path.encode()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """One PEM file with a key and its self-signed certificate."""
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    make = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
    command = [*make.split(), "-subj", "/CN=test", "-keyout", "-", "-out", "-"]
    done = subprocess.run(command, check=True, capture_output=True, timeout=30)
    path.write_bytes(done.stdout)
    return str(path)


@pytest.fixture
def server_side(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


async def test_tls_with_a_certificate_nobody_vouches_for(server_side):
    async with served(reply(), context=server_side) as (port, requests):
        result = await attempt(check_of(port, tls=TlsMaterial()))
    assert result == ProbeResult(True, "status 200")
    assert requests[0].startswith(b"GET / HTTP/1.0\r\n")


async def test_a_long_reply_over_tls(server_side):
    async with served([reply(b"x" * 1_000_000)], context=server_side, stays_open=True) as (port, _):
        # head -c 1000000 /dev/zero | tr '\0' x | md5sum
        url = Url("/", digests=("ec78dbd963d2fc01e51176ed4dec299e",))
        result = await attempt(check_of(port, url, tls=TlsMaterial()))
    assert result == ProbeResult(True, "status 200")


def _farewell(listener, context):
    """How the client of one request left: "close_notify" or "cut"."""
    plain, _ = listener.accept()
    with context.wrap_socket(plain, server_side=True, suppress_ragged_eofs=False) as sock:
        sock.recv(65536)
        sock.sendall(reply())
        try:
            return "close_notify" if sock.recv(1) == b"" else "more octets"
        except (ssl.SSLError, ConnectionResetError):
            return "cut"


@pytest.mark.parametrize(("compliant", "farewell"), [(True, "close_notify"), (False, "cut")])
async def test_tls_compliant(server_side, compliant, farewell):
    server_side.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
    with socket.create_server(("127.0.0.1", 0)) as listener:
        left = asyncio.create_task(asyncio.to_thread(_farewell, listener, server_side))
        url = Url("/", tls_compliant=compliant)
        result = await attempt(check_of(listener.getsockname()[1], url, tls=TlsMaterial()))
        assert result == ProbeResult(True, "status 200")
        assert await asyncio.wait_for(left, 5) == farewell


@pytest.mark.parametrize("name", ["www.example.com", None])
async def test_server_name(server_side, name):
    names = []
    server_side.sni_callback = lambda sock, name, context: names.append(name)
    async with served(reply(), context=server_side) as (port, _):
        await attempt(check_of(port, Url("/", sni_name=name), tls=TlsMaterial()))
    assert names == [name]


async def test_a_server_name_that_cannot_be_sent(server_side):
    async with served(reply(), context=server_side) as (port, _):
        result = await attempt(check_of(port, Url("/", sni_name=".x"), tls=TlsMaterial()))
    assert not result.is_verdict
    assert result.detail.startswith("TLS: server name '.x': ")


@pytest.mark.parametrize("has_certificate", [True, False])
async def test_client_certificate(server_side, certificate, has_certificate):
    server_side.verify_mode = ssl.CERT_REQUIRED
    server_side.load_verify_locations(certificate)
    ours = TlsMaterial(certificate=certificate) if has_certificate else TlsMaterial()
    async with served(reply(), context=server_side) as (port, _):
        result = await attempt(check_of(port, tls=ours))
    assert result.is_success is has_certificate
    assert result.is_verdict


@pytest.mark.parametrize(
    ("material", "detail"),
    [
        pytest.param(
            TlsMaterial(ca="/nonexistent/ca.pem"),
            "TLS: /nonexistent/ca.pem: no such file or directory",
            id="no file",
        ),
        pytest.param(TlsMaterial(certificate="/dev/null"), "TLS: /dev/null: ", id="no certificate"),
    ],
)
async def test_unusable_material_is_no_verdict(server_side, material, detail):
    async with served(reply(), context=server_side) as (port, _):
        result = await attempt(check_of(port, tls=material))
    assert not result.is_verdict
    assert result.detail.startswith(detail)


async def test_plain_http_where_tls_is_wanted():
    async with served(b"HTTP/1.1 400 Bad\r\n\r\n") as (port, _):
        result = await attempt(check_of(port, tls=TlsMaterial(), timeout=0.2))
    assert not result.is_success


@pytest.fixture
def nginx(tmp_path):
    """Port of an nginx with one page: a server of the kind that is really checked."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if program is None:
        pytest.skip("nginx is not installed (Debian: nginx-light)")
    with socket.socket() as finder:
        finder.bind(("127.0.0.1", 0))
        port = finder.getsockname()[1]
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    paths = " ".join(f"{kind}_temp_path {tmp_path}/{kind};" for kind in kinds)
    (tmp_path / "page").write_bytes(b"hello")
    (tmp_path / "nginx.conf").write_text(
        f"daemon off; master_process off; pid {tmp_path}/pid; error_log {tmp_path}/log;\n"
        "events {}\n"
        f"http {{ access_log off; {paths}\n"
        f"server {{ listen 127.0.0.1:{port}; root {tmp_path}; }} }}\n"
    )
    command = [program, "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf")]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as server:
        yield port
        server.terminate()


@pytest.mark.parametrize("version", HttpVersion)
async def test_nginx(nginx, version):
    good = check_of(nginx, Url("/page", digests=(HELLO,)), http_version=version)
    async with asyncio.timeout(10):
        while (result := await attempt(good)).detail == "connection refused":
            pass  # it is not up yet
    assert result == ProbeResult(True, "status 200")
    absent = check_of(nginx, Url("/absent"), http_version=version)
    assert await attempt(absent) == ProbeResult(False, "status 404")
