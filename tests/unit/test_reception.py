"""Readers for few datagrams, a clock for many, and back again."""

from pyvrrp.reception import Reception

from .fakes import FakeLoop, as_loop


class Source:
    def __init__(self, descriptor):
        self.descriptor = descriptor
        self.waiting = 0
        self.reads = []

    def fileno(self):
        return self.descriptor

    def receive(self, now):
        self.reads.append(now)
        found, self.waiting = self.waiting, 0
        return found


def make(count=1):
    loop = FakeLoop()
    reception = Reception(as_loop(loop))
    sources = [Source(n) for n in range(count)]
    for source in sources:
        reception.add(source)
    return loop, reception, sources


def flood(loop, source, wakeups):
    for _ in range(wakeups):
        source.waiting = 1
        if source.descriptor not in loop.readers:
            break
        loop.readers[source.descriptor]()
        loop.now += 0.0001


def test_few_are_read_as_they_arrive():
    loop, _, (source,) = make()
    for _ in range(100):
        loop.readers[0]()
        loop.now += 0.005
    assert len(source.reads) == 100
    assert 0 in loop.readers


def test_a_flood_is_read_every_five_milliseconds_instead():
    loop, _, (busy, other) = make(2)
    flood(loop, busy, 25)
    assert loop.readers == {}
    reads = len(busy.reads)
    for _ in range(10):
        busy.waiting = 50
        loop.advance(loop.now + 0.005)
    assert 9 <= len(busy.reads) - reads <= 11
    assert other.reads  # all sources are on the clock


def test_silence_brings_the_readers_back():
    loop, _, (source,) = make()
    flood(loop, source, 25)
    loop.advance(loop.now + 0.2)
    assert list(loop.readers) == [0]
    wakeups = loop.wakeups
    loop.advance(loop.now + 1.0)
    assert loop.wakeups == wakeups


def test_a_volley_soon_after_the_last_is_on_the_clock_from_its_first_datagram():
    loop, _, (source,) = make()
    flood(loop, source, 25)
    loop.advance(loop.now + 0.09)
    assert list(loop.readers) == [0]  # nothing to read, so the clock rests
    loop.readers[0]()
    assert loop.readers == {}
    loop.advance(loop.now + 0.11)
    loop.readers[0]()
    assert list(loop.readers) == [0]


def test_sources_may_come_and_go_while_the_clock_runs():
    loop, reception, (busy, leaving) = make(2)
    flood(loop, busy, 25)
    late = Source(7)
    reception.add(late)
    reception.remove(leaving)
    loop.advance(loop.now + 0.01)
    assert late.reads
    loop.advance(loop.now + 0.2)
    assert sorted(loop.readers) == [0, 7]
    reception.close()
    assert loop.readers == {}


def test_read_now_reads_every_source():
    _, reception, sources = make(3)
    for source in sources:
        source.waiting = 2
    assert reception.read_now() == 6
