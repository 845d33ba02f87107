"""One module per kind of check: `await probe(check) -> ProbeResult`."""
