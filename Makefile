.DEFAULT_GOAL := help
PYTHON ?= python3
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/.build
export PYTHONPATH := $(CURDIR)/.build:$(CURDIR)/tests/emulator

.PHONY: help setup unit emulator

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

setup: .venv/.ready ## Create .venv and the import path; the other targets call it

.venv/.ready: requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12")'
	$(PYTHON) -m venv .venv
	.venv/bin/pip install --quiet --disable-pip-version-check --requirement requirements-dev.txt
	mkdir -p .build/ansible_collections/cloudkeys
	ln -sfn ../../.. .build/ansible_collections/cloudkeys/ibmcloud
	@touch $@

unit: setup ## Fast tests, no network
	pytest

emulator: setup ## A local IBM Cloud IAM in the foreground
	python -m iam_emulator --port 0
