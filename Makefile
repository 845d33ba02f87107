# `make demo` and `make test` work on a fresh Debian 12: each installs what it needs first.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

BASE_PYTHON ?= /usr/bin/python3
VENV := .venv
BIN := $(VENV)/bin
DEBIAN_PACKAGES := python3 python3-venv iproute2 iputils-ping keepalived frr tcpdump nftables procps \
  user-mode-linux kmod util-linux ipvsadm nginx-light dbus-daemon systemd
SAMPLES := $(VENV)/keepalived-samples
PYTEST := $(BIN)/python -m pytest

.PHONY: help
help: ## show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

.PHONY: packages
packages: ## install the Debian packages that tests, labs and demo need (root)
	@missing=; for package in $(DEBIAN_PACKAGES); do \
	  dpkg-query -W -f='$${db:Status-Status}' $$package 2>/dev/null | grep -qx installed || missing="$$missing $$package"; \
	done; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if [ "$$(id -u)" -ne 0 ]; then echo "not root, so left out:$$missing" >&2; exit 0; fi; \
	echo "installing$$missing"; \
	export DEBIAN_FRONTEND=noninteractive; \
	apt-get update -qq; \
	apt-get install -y -qq --no-install-recommends $$missing >/dev/null

$(VENV)/.ready: pyproject.toml | packages
	@echo "making $(VENV)"
	@$(BASE_PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check 'hatchling>=1.25' editables
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-build-isolation -e '.[dev]'
	@touch $@

# Under the GPL, so they are fetched and not copied; a trimmed system has no /usr/share/doc.
$(SAMPLES): | $(VENV)/.ready
	@work=$$(mktemp -d); trap 'rm -rf '$$work EXIT; samples=usr/share/doc/keepalived/samples; \
	if [ -d /$$samples ]; then cp -r /$$samples $@; exit 0; fi; \
	chmod 755 $$work; cd $$work; \
	apt-get download -qq keepalived 2>/dev/null || { apt-get update -qq && apt-get download -qq keepalived; } || \
	  { echo "no samples of keepalived" >&2; exit 0; }; \
	dpkg-deb -x keepalived_*.deb .; \
	cp -r $$samples $(abspath $@)

.PHONY: venv
venv: packages $(VENV)/.ready $(SAMPLES) ## make .venv with the project and its tools
	@$(BIN)/python -m compileall -q pyvrrp healthcheck netns-lab # a start should not pay for it

.PHONY: demo
demo: venv ## crash a router, a web server, a director: watch what goes on; writes two SVGs (root)
	@$(BIN)/python netns-lab/demo

.PHONY: test
test: venv ## run every test; as root also the ones in network namespaces
	@$(PYTEST) -q -n auto -m 'not root' # these measure no time
	@$(PYTEST) -q -n auto --dist loadfile -m untimed # nor do these, whose files each run keepalived once
	@$(PYTEST) -q -n 2 --dist loadfile -m 'root and not (untimed or ipvs or alone)' # these mostly wait
	@$(PYTEST) -q -m 'root and (ipvs or alone)'

.PHONY: check
check: venv ## format, lint, types and the fast tests, in under a minute
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(PYTEST) -q -x -n auto -m 'not slow and not root'

.PHONY: bench
bench: venv ## the figures beside keepalived, about 50 minutes on a quiet machine (root)
	@$(BIN)/python -m tests.bench

# Large, and old next to what the tests need: in a place of its own.
$(VENV)/openstack/.ready: | $(VENV)/.ready
	@echo "making $(VENV)/openstack"
	@$(BASE_PYTHON) -m venv $(VENV)/openstack
	@$(VENV)/openstack/bin/pip install --quiet --disable-pip-version-check neutron==29.0.0 octavia==19.0.0 \
	  ddt WebTest requests-mock testtools testscenarios testresources oslotest
	@touch $@

.PHONY: integration
integration: venv $(VENV)/openstack/.ready ## OpenStack's tests and readers on keepalived and on ours, ten minutes (root)
	@$(BIN)/python -m tests.integration

.PHONY: clean
clean: ## remove what the other targets made
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist failover.svg directors.svg
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
