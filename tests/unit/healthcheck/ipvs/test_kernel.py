"""Promises and troubles of `Ipvs`, with a kernel made of Python."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from healthcheck.core.operations import (
    BATCH,
    AddDestination,
    AddService,
    RemoveDestination,
    RemoveService,
)
from healthcheck.core.table import DestinationSettings, Method, ServiceSettings
from healthcheck.ipvs import (
    Failure,
    Ipvs,
    IpvsError,
    IpvsMissing,
    genetlink,
    load_module,
    module,
)
from healthcheck.ipvs.genetlink import open_socket
from tests.unit.healthcheck.entries import RR, destination, tcp
from tests.unit.healthcheck.ipvs.contract import PROMISES
from tests.unit.healthcheck.ipvs.fake_kernel import FakeKernel, error, message

WEB = tcp("10.0.0.1", 80)
SERVERS = [destination(f"10.1.0.{number}", 80) for number in range(1, 101)]
ADDED = [
    AddService(WEB, RR),
    *(AddDestination(WEB, each, DestinationSettings()) for each in SERVERS),
]


@pytest.mark.parametrize("promise", PROMISES, ids=lambda each: each.__name__)
def test_the_fake_kernel_keeps_the_promises(promise: Callable[[Ipvs], None]) -> None:
    with Ipvs(FakeKernel()) as ipvs:
        promise(ipvs)


def test_a_kernel_without_ipvs() -> None:
    kernel = FakeKernel(has_ipvs=False)
    with pytest.raises(IpvsMissing) as caught:
        Ipvs(kernel)
    assert str(caught.value) == "IPVS: this kernel has none, or it is not loaded: modprobe ip_vs"
    assert kernel.is_closed


def test_a_module_that_is_loaded_again_is_found_by_reading() -> None:
    kernel = FakeKernel()
    ipvs = Ipvs(kernel)
    ipvs.apply(ADDED)
    kernel.family, kernel.has_ipvs = 0, False
    kernel.services.clear()
    with pytest.raises(IpvsMissing):
        ipvs.read()
    kernel.family, kernel.has_ipvs = 0x30, True
    assert ipvs.read() == {}
    assert ipvs.apply(ADDED) == ()


def test_no_socket_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(socket, "socket", refuse)
    with pytest.raises(IpvsError) as caught:
        Ipvs()
    assert str(caught.value) == "IPVS: open a generic netlink socket: Too many open files"


def test_closing() -> None:
    kernel = FakeKernel()
    with Ipvs(kernel) as ipvs:
        assert not kernel.is_closed
    assert kernel.is_closed
    ipvs.close()


def test_batches_are_as_long_as_told() -> None:
    kernel = FakeKernel()
    ipvs = Ipvs(kernel)
    assert ipvs.apply([]) == ()
    assert len(kernel.sent) == 1
    operations = [RemoveDestination(WEB, destination("10.1.0.1", 80))] * (2 * BATCH + 1)
    assert ipvs.apply(operations) == ()
    assert len(kernel.sent) == 4


def test_numbers_of_requests_start_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(genetlink, "_LAST_SEQUENCE", 250)
    ipvs = Ipvs(FakeKernel())
    for _ in range(5):
        assert ipvs.apply(ADDED) == ()
        assert list(ipvs.read_destinations(WEB)) == SERVERS
        ipvs.flush()


def test_a_dump_that_ends_in_an_error() -> None:
    kernel = FakeKernel()
    ipvs = Ipvs(kernel)
    done = message(3, 2, 2, (-errno.ENOMEM & 0xFFFFFFFF).to_bytes(4, "little"))
    kernel.answers.append(done)
    with pytest.raises(IpvsError, match=r"^IPVS: list services: Cannot allocate memory$"):
        ipvs.read()


def test_a_dump_that_was_disturbed_is_repeated() -> None:
    kernel = FakeKernel()
    ipvs = Ipvs(kernel)
    ipvs.apply(ADDED)
    kernel.disturbed = 2
    asked = len(kernel.sent)
    assert list(ipvs.read_destinations(WEB)) == SERVERS
    assert len(kernel.sent) == asked + 3
    kernel.disturbed = 100
    with pytest.raises(IpvsError, match=r"^IPVS: list services: disturbed 10 times; try again$"):
        ipvs.read()


def test_lost_answers_of_a_dump_are_asked_for_again() -> None:
    kernel = FakeKernel(part=10)
    ipvs = Ipvs(kernel)
    ipvs.apply(ADDED)
    kernel.troubles.extend((0, 0, errno.ENOBUFS, 0))
    assert list(ipvs.read_destinations(WEB)) == SERVERS


def test_lost_answers_to_changes_are_an_error() -> None:
    """Nobody knows then what was refused."""
    kernel = FakeKernel()
    ipvs = Ipvs(kernel)
    kernel.troubles.append(errno.ENOBUFS)
    with pytest.raises(IpvsError) as caught:
        ipvs.apply(ADDED)
    assert str(caught.value) == "IPVS: change the table: answers were lost; read the table again"
    assert caught.value.errno == errno.ENOBUFS
    assert list(ipvs.read_destinations(WEB)) == SERVERS


def test_late_answers_are_not_mistaken() -> None:
    kernel = FakeKernel()
    ipvs = Ipvs(kernel)
    kernel.troubles.append(errno.EAGAIN)
    with pytest.raises(IpvsError, match=r"^IPVS: change the table: the kernel did not answer in t"):
        ipvs.apply([*ADDED, *ADDED])
    # The answers to these are still in the queue.
    assert ipvs.apply([AddService(tcp("10.0.0.2", 80), RR)]) == ()
    kernel.troubles.append(errno.EAGAIN)
    with pytest.raises(
        IpvsError, match=r"^IPVS: list services: the kernel did not answer in time$"
    ):
        ipvs.read()
    assert set(ipvs.read()) == {WEB, tcp("10.0.0.2", 80)}
    kernel.troubles.append(errno.EAGAIN)
    with pytest.raises(IpvsError, match="read the timeouts"):
        ipvs.timeouts()
    assert ipvs.timeouts().tcp == 0


@pytest.mark.parametrize(
    ("call", "text"),
    [
        pytest.param(Ipvs.read, "list services", id="dump"),
        pytest.param(Ipvs.timeouts, "read the timeouts", id="question"),
        pytest.param(Ipvs.flush, "remove all services", id="change"),
    ],
)
def test_a_refusal_names_what_was_asked(call: Callable[[Ipvs], object], text: str) -> None:
    kernel = FakeKernel()
    ipvs = Ipvs(kernel)
    kernel.answers.append(error(2, errno.EPERM))
    with pytest.raises(IpvsError) as caught:
        call(ipvs)
    assert str(caught.value) == f"IPVS: {text}: not permitted; it takes CAP_NET_ADMIN"
    assert (caught.value.what, caught.value.errno) == (text, errno.EPERM)


ENGINE = ServiceSettings("rr", persistence_engine="sip")
SERVER = SERVERS[0]
PLAIN = DestinationSettings(1, Method())


@pytest.mark.parametrize(
    ("failure", "text"),
    [
        pytest.param(
            Failure(AddService(WEB, RR), errno.EEXIST),
            "add service [10.0.0.1]:tcp:80: it is there already",
            id="service exists",
        ),
        pytest.param(
            Failure(AddService(WEB, RR), errno.ENOENT),
            "add service [10.0.0.1]:tcp:80: no scheduler rr (module ip_vs_rr)",
            id="no scheduler",
        ),
        pytest.param(
            Failure(AddService(WEB, ENGINE), errno.ENOENT),
            "add service [10.0.0.1]:tcp:80: no scheduler rr (module ip_vs_rr), or no persistence"
            " engine sip (module ip_vs_pe_sip)",
            id="no scheduler or engine",
        ),
        pytest.param(
            Failure(RemoveService(WEB), errno.EPERM),
            "remove service [10.0.0.1]:tcp:80: not permitted; it takes CAP_NET_ADMIN",
            id="not permitted",
        ),
        pytest.param(
            Failure(AddDestination(WEB, SERVER, PLAIN), errno.ESRCH),
            "add destination [10.1.0.1]:80 to service [10.0.0.1]:tcp:80: no such service",
            id="no service for a destination",
        ),
        pytest.param(
            Failure(AddDestination(WEB, SERVER, PLAIN), errno.ENOMEM),
            "add destination [10.1.0.1]:80 to service [10.0.0.1]:tcp:80: Cannot allocate memory",
            id="no memory",
        ),
        pytest.param(
            Failure(RemoveDestination(WEB, SERVER), errno.EINVAL),
            "remove destination [10.1.0.1]:80 from service [10.0.0.1]:tcp:80: Invalid argument",
            id="another number",
        ),
    ],
)
def test_failures_in_words(failure: Failure, text: str) -> None:
    assert failure.text == str(failure) == f"IPVS: {text}"


def test_the_socket_waits_no_longer_than_told() -> None:
    with_timeout = open_socket(0.05)
    with pytest.raises(BlockingIOError):
        with_timeout.recv(100)
    with_timeout.close()


@pytest.fixture
def loader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Makes the kernel name a program with these lines as its loader of modules."""

    def make(lines: str) -> Path:
        program = tmp_path / "modprobe"
        program.write_text(f"#!/bin/sh\n{lines}\n")
        program.chmod(0o755)
        setting = tmp_path / "setting"
        setting.write_text(f"{program}\n")
        monkeypatch.setattr(module, "_LOADER", setting)
        return program

    return make


def test_the_module_is_loaded_by_the_kernels_own_loader(
    loader: Callable[[str], Path], tmp_path: Path
) -> None:
    loader(f'echo "$@" > {tmp_path}/asked')
    load_module()
    assert (tmp_path / "asked").read_text() == "ip_vs\n"


def test_what_the_loader_says_is_told(loader: Callable[[str], Path]) -> None:
    program = loader("echo FATAL: Module ip_vs not found. >&2; exit 1")
    with pytest.raises(IpvsMissing) as caught:
        load_module()
    said = f"{program}: FATAL: Module ip_vs not found."
    assert str(caught.value) == f"IPVS: load the kernel module ip_vs: {said}"


def test_a_silent_loader_and_a_missing_one(loader: Callable[[str], Path]) -> None:
    program = loader("exit 3")
    with pytest.raises(IpvsMissing, match=r"modprobe: exit status 3$"):
        load_module()
    program.unlink()
    with pytest.raises(IpvsMissing, match=r"modprobe: No such file or directory$"):
        load_module()


def test_a_loader_that_hangs(
    loader: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_TIMEOUT", 0.05)
    loader("exec sleep 10")
    with pytest.raises(IpvsMissing, match=r"modprobe took longer than 0\.05 s$"):
        load_module()
