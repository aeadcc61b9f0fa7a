.DEFAULT_GOAL := help
# The longest first: two run at a time.
PARTS := sanity integration leaks kills guides neighbours unit vault lint types
# Of the long tests one in so many, others each day; whoever asks for one in 1 gets the whole. `make test` and `make matrix`
# have a number of their own, all others try everything.
ONE_IN ?=
IN_A_TEST := 12
SLICED = --one-in $(or $(ONE_IN),1)
SIDE_BY_SIDE = --numprocesses 2 --dist worksteal
# The first Python that is new enough; a shim that does not start is passed over.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; print(sys._base_executable); sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break; done | tail -1)
# Whose ansible-core `make unit`, `sanity`, `integration`, `leaks`, `kills` and `guides` run: any virtual environment with
# ansible-core and tests/requirements.txt in it. `make matrix` makes one for every core.
PYTHON_ENV ?= $(CURDIR)/.venv
COLLECTION := ansible_collections.cloudkeys.ibmcloud

export PATH := $(PYTHON_ENV)/bin:$(CURDIR)/.venv/bin:$(PATH)
export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/.build
export PYTHONPATH := $(CURDIR)/.build:$(CURDIR)/tests/emulator

.PHONY: help setup demo test $(PARTS) coverage vulnerabilities awx schedules schedules-all faults fuzz fuzz-edits fuzz-answers bench pace report docs diagram browser matrix galaxy \
	release-check live live-facts live-proof format emulator clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

setup: .venv/.ready ## Create .venv and the import path; the other targets call it

.venv/.ready: tests/requirements-dev.txt tests/requirements.txt
	@"$(or $(PYTHON),false)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "No Python 3.11 or newer is on PATH; name one: make PYTHON=/path/to/python3.12 setup"; exit 1; }
	@echo "Setting up .venv with $$($(PYTHON) --version); the first time takes a minute"
	@"$(PYTHON)" -m venv .venv
	@.venv/bin/python -m pip install -qq --disable-pip-version-check --requirement tests/requirements-dev.txt
	@mkdir -p .build/ansible_collections/cloudkeys
	@ln -sfn ../../.. .build/ansible_collections/cloudkeys/ibmcloud
	@touch $@

demo: setup ## Plan, rotation, history, audit and a leak drill on the local emulator
	python tests/demo/run.py .build/demo

test: setup ## All parts that must hold, in ten minutes: of long tests a twelfth, others each day; ONE_IN=1 tries all
	@python tests/tools/parts.py $(PARTS) ONE_IN=$(or $(ONE_IN),$(IN_A_TEST))

# ansible-lint reads it too.
lint: export YAMLLINT_CONFIG_FILE := .config/yamllint.yml
lint: setup ## Style of Python, YAML, roles, manuals and the changelog
	ruff check
	ruff format --check
	bandit --quiet --configfile pyproject.toml --recursive plugins
	yamllint --strict .
	antsibull-changelog lint
	antsibull-docs lint-collection-docs --plugin-docs --validate-collection-refs=self .
	python tests/tools/fragments.py
	cd "$$(python tests/tools/tree.py .build/tree/lint)" \
		&& ANSIBLE_HOME="$(CURDIR)/.build/home" ANSIBLE_COLLECTIONS_PATH="$(CURDIR)/.build/tree/lint" ansible-lint --offline --nocolor

types: setup ## mypy, strict
	mypy -p $(COLLECTION).plugins -p iam_emulator
	mypy tests/tools

unit: setup ## Fast tests, no network
	pytest

kills: setup ## Real runs, killed at every step
	pytest $(SIDE_BY_SIDE) $(SLICED) tests/faults --deselect tests/faults/test_schedules.py --deselect tests/faults/test_actors.py --deselect tests/faults/test_mutants.py

schedules: setup ## Every schedule of one fault, one in sixty of two, others who act, and planted defects
	pytest $(SIDE_BY_SIDE) $(SLICED) tests/faults/test_schedules.py tests/faults/test_actors.py tests/faults/test_mutants.py

schedules-all: setup ## Every schedule of two disturbances, a fault or an act and a fault; up to an hour
	pytest --numprocesses auto tests/faults/test_schedules.py tests/faults/test_actors.py --all-pairs

faults: setup ## Both, side by side: nothing that goes wrong loses a key
	pytest $(SIDE_BY_SIDE) $(SLICED) tests/faults

leaks: setup ## Plays with every output on, searched for secrets
	"$(PYTHON_ENV)/bin/python" -m pytest $(SIDE_BY_SIDE) $(SLICED) tests/leaks

neighbours: setup ## Another user of this machine plants files before and during each write; as root, who can be two
	pytest $(SLICED) tests/neighbours

vault: setup ## Real runs that change vault files: passwords, crashes, two at once
	pytest $(SLICED) tests/vault_runs

guides: setup ## The commands and examples of the guides, as they stand there
	pytest $(SIDE_BY_SIDE) $(SLICED) tests/guides

# The fewest that reach it. Others: kills vault leaks awx.
SUITES ?= unit emulator
coverage: setup ## What the tests reach of plugin_utils and module_utils: at least 95 % of each package
	python tests/tools/coverage_table.py $(SUITES)

awx: setup ## Jobs as AWX starts them: Git, kills, four at once; and the value where it is used
	pytest $(SIDE_BY_SIDE) $(SLICED) tests/awx tests/hand_over

EXAMPLES ?= 12000
fuzz: setup .build/fuzz/.ready ## Vars files edited in every place: made-up ones, EXAMPLES=12000, and real ones
	pytest tests/fuzz --examples $(EXAMPLES)

# The same files as above, without those that have to be fetched.
EDITS ?= 10000
fuzz-edits: setup ## Made-up vars files edited in any place, and moved to another vault secret: EDITS=10000, some minutes
	EDITS=$(EDITS) pytest --numprocesses 2 tests/unit/plugins/plugin_utils/vault_file/test_properties.py \
		tests/unit/plugins/plugin_utils/rekey/test_properties.py

# Each is one changed answer to one operation.
ANSWERS ?= 300
fuzz-answers: setup ## Answers of IAM changed in every place: ANSWERS=300 for each operation, in half a minute
	ANSWERS=$(ANSWERS) pytest --numprocesses 2 tests/unit/plugins/module_utils/iam/test_mutated_answers.py

.build/fuzz/.ready: tests/fuzz/requirements.txt
	@echo "Fetching packages for their vars files, 70 MB"
	@rm -rf $(@D)
	@python -m pip install -qq --disable-pip-version-check --no-deps --target $(@D) --requirement $<
	@touch $@

pace: setup ## `concurrency: auto` against simulated servers, into docs/benchmarks.md and its picture
	python tests/benchmark/pace.py --write docs

bench: pace ## How long jobs take beside other ways, into docs/benchmarks.md; and editing a large vault file
	python tests/benchmark/iam.py --write docs/benchmarks.md
	python tests/benchmark/vault_file.py
	python tests/benchmark/rekey.py --turns 1 --write docs/benchmarks.md

report: setup ## Audit a sample account; the report goes to .build/report
	python tests/demo/report.py .build/report

docs: setup ## The documentation site, in .build/docs/html; a warning is an error
	python tests/tools/docs_site.py

diagram: setup ## The picture of a rotation, made anew from the engine's names and its own table of places
	python tests/tools/rotation_diagram.py

browser: report docs .build/browser/.ready ## The report and the site in a real Chromium (Debian's package chromium)
	pytest tests/browser

.build/browser/.ready: tests/browser/requirements.txt
	@python -m pip install -qq --disable-pip-version-check --target $(@D) --requirement $<
	@touch $@

sanity: setup ## Ansible's own rules for a collection
	@python tests/tools/ansible_test.py sanity

integration: setup ## Playbooks against the local emulator
	@python tests/tools/ansible_test.py integration

matrix: PARTS := unit sanity integration leaks kills guides
matrix: setup ## Six parts on every ansible-core; CORES="2.16 2.21" and PARTS="unit sanity" choose
	@.venv/bin/python tests/tools/matrix.py --cores "$(CORES)" --parts "$(PARTS)" --one-in $(or $(ONE_IN),$(IN_A_TEST))

galaxy: setup .build/importer/.ready ## Build the tarball, check it as Galaxy does, run the demo from it
	@python tests/tools/galaxy.py

# It asks the Python Package Index. Strict, because a package that is unknown there would count as one without a fault.
vulnerabilities: .build/pip-audit/.ready ## Known faults of the packages that we ask for, by pip-audit
	@for file in tests/requirements.txt tests/requirements-dev.txt; do \
		.build/pip-audit/bin/pip-audit --strict --requirement $$file || exit 1; done

.build/pip-audit/.ready: tests/requirements-pip-audit.txt
	@rm -rf $(@D)
	@"$(PYTHON)" -m venv $(@D)
	@$(@D)/bin/python -m pip install -qq --disable-pip-version-check --requirement $<
	@touch $@

release-check: setup ## All that must hold before a tag; TAGGED=--tagged after it
	@python tests/tools/release_check.py $(TAGGED)
	@$(MAKE) --no-print-directory galaxy

.build/importer/.ready: tests/requirements-importer.txt
	@echo "Setting up Galaxy's importer; the first time takes a minute"
	@rm -rf $(@D)
	@python -m venv $(@D)
	@$(@D)/bin/python -m pip install -qq --disable-pip-version-check --requirement $<
	@touch $@

live: setup ## The same in a real account of IBM Cloud; shows what it creates, asks, and removes it
	@python tests/tools/live.py $(TARGETS)

live-facts: setup ## Ask a real account what IBM leaves open; shows, asks, removes. FACTS="name_limit quoted_tags" asks these only
	@python tests/tools/live_facts.py $(FACTS)

live-proof: setup ## make live, live-facts and the live demo, against an emulator that passes for real: failed, interrupted, killed
	pytest --numprocesses 2 tests/live

format: setup ## Let ruff write the Python as it should be
	ruff check --fix
	ruff format

emulator: setup ## A local IBM Cloud IAM in the foreground
	python -m iam_emulator --port 0

clean: ## Remove what the other targets made
	rm -rf .venv .build .ansible .mypy_cache .pytest_cache .ruff_cache .hypothesis tests/output
