# Every target sets up what it needs on a fresh machine: Python 3.11 or newer, make, and a network with package registries.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
MACROS := $(BIN)/python -m macros
# Two builds of one commit give the same bytes.
export SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null || echo 0)
export NO_MKDOCS_2_WARNING := 1
# Every command loads large libraries: compiled once, not at each start.
unexport PYTHONDONTWRITEBYTECODE
BASE ?= main
TRANSFORMERS := 5.24.0
TORCH := 2.13.0
# One process a core; who is done takes over from the others.
TOGETHER := --numprocesses=auto --dist=worksteal
BROWSER := chromium fontconfig fonts-noto-cjk

.PHONY: help configs site serve browser fonts screenshot vllm-plans test check check-records check-code check-types check-workflows style pdf offline diff rehearse links watch peers second-source rehearse-generator load kills slips fuzz machines bench engine-plans bench-web mutate release lock new schema settle clean
help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(VENV)/site.ok: requirements.txt | requirements-uv.txt
	$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("expected Python 3.11 or newer, found " + sys.version.split()[0] + ". Fix: make PYTHON=python3.11 …")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements-uv.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes --requirement $<
	touch $@

$(VENV)/test.ok: requirements-test.txt $(VENV)/site.ok
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes --requirement $<
	touch $@

site: $(VENV)/site.ok ## build site/: zh at the root, en under en/, api/
	$(MACROS) site

serve: $(VENV)/site.ok ## both languages with live reload
	$(MACROS) serve

check: $(VENV)/test.ok ## data, style, types and workflows, in seconds
	@$(MAKE) --silent --jobs --keep-going check-records check-code check-types check-workflows

check-records:
	$(MACROS) check

check-code:
	$(BIN)/ruff check --quiet .
	$(BIN)/ruff format --quiet --check .

check-types:
	$(BIN)/mypy

check-workflows:
	$(BIN)/zizmor --offline --persona auditor --quiet .github
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml

style: $(VENV)/test.ok ## mend what can be mended by a machine
	$(BIN)/ruff check --quiet --fix .
	$(BIN)/ruff format --quiet .

browser: ## what tests and pictures need of the system: a browser and Chinese fonts
	@command -v chromium >/dev/null && fc-list :lang=zh | grep -q . || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; \
	  then apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(BROWSER) >/dev/null; \
	  else echo "expected chromium and a Chinese font, got none. Fix: install them (on Debian, as root: apt-get install $(BROWSER))" >&2; exit 1; fi; }

test: check browser ## everything that can fail
	$(BIN)/python -m pytest $(TOGETHER)

quick: $(VENV)/test.ok ## tests of formulas, records and pages that take a minute together
	$(BIN)/python -m pytest $(TOGETHER) -m "not slow"

wheel: $(VENV)/test.ok ## dist/*.whl: the command llm-hardware with the records inside
	$(BIN)/python -m hatchling build --target wheel

bench: $(VENV)/test.ok ## figures of estimates, the build, the books and the edit loop, beside an earlier commit (TENFOLD=1: with ten times the records)
	@$(MACROS) bench
	$(BIN)/python -m tests.ratios --sites
	$(BIN)/python -m tests.bench $(if $(TENFOLD),--tenfold)

engine-plans: $(VENV)/test.ok ## plans that llama.cpp prints itself: data/engine-plans anew (builds the engine once, needs cmake and a compiler; TOWERS=1: what projectors take, beside the guide)
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip >/dev/null
	@mkdir -p .engine/gguf && $(BIN)/python -m pip install --quiet --no-deps --target .engine/gguf gguf==0.19.0
	@PYTHONPATH=.engine/gguf:. $(BIN)/python tools/engine-plans/$(if $(TOWERS),towers.py,print.py $(if $(ROOMS),--rooms $(ROOMS)))

bench-web: $(VENV)/test.ok browser site ## figures of the pages in a browser: Lighthouse, axe, search
	$(BIN)/python -m tests.web.bench

# In an environment of its own: neither the guide nor its tests need these.
configs: $(VENV)/site.ok ## count parameters of each class of the newest transformers beside the guide's (minutes)
	test -x .cache/transformers/bin/python || $(PYTHON) -m venv .cache/transformers
	.cache/transformers/bin/python -m pip install --quiet --disable-pip-version-check transformers==$(TRANSFORMERS) torch==$(TORCH)
	.cache/transformers/bin/python tools/configurations/count.py > .cache/configurations.jsonl
	$(MACROS) configs .cache/configurations.jsonl

screenshot: $(VENV)/test.ok browser site ## the pictures of the READMEs
	$(BIN)/python -m tests.site.screenshot

diff: $(VENV)/site.ok ## what changed in the computed tables since BASE, as Markdown
	@$(MACROS) diff $(if $(FULL),--full) $(if $(REPORT),--report "$(REPORT)") "$(BASE)"

fonts: $(VENV)/site.ok
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && ! $(MACROS) pdf --check 2>/dev/null; then \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends fonts-noto-cjk >/dev/null; fi
	@$(MACROS) pdf --check

pdf: fonts site ## both PDFs in dist/
	$(MACROS) pdf

offline: site ## dist/local-llm-hardware-guide-offline.zip, opens from the file system
	$(MACROS) offline

release: pdf offline ## everything of a release in dist/, with checksums and notes
	$(MACROS) release
	$(MACROS) notes

new: $(VENV)/site.ok ## a record to fill in: make new KIND=gpu ID=rtx-6090 (KIND=model CONFIG=config.json or GGUF=model.gguf, REPOSITORY=owner/name fills it)
	@$(MACROS) new $(if $(CONFIG),--config "$(CONFIG)") $(if $(GGUF),--gguf "$(GGUF)") $(if $(REPOSITORY),--repository "$(REPOSITORY)") "$(KIND)" "$(ID)"

schema: $(VENV)/site.ok ## the JSON Schema of each kind of record, for editors, in dist/schema
	@$(MACROS) schema

settle: $(VENV)/site.ok ## both languages of PAGE say the same (without PAGE: of all pages that changed in both)
	@$(MACROS) settle $(PAGE)

vllm-plans: $(VENV)/site.ok ## renew data/cache-plans: the released vLLM plans its cache, in an environment of its own (half an hour; MODELS="…": some)
	test -x dist/vllm/bin/python || $(PYTHON) -m venv dist/vllm
	dist/vllm/bin/python -m pip install --quiet --disable-pip-version-check --requirement tests/vllm_plans/packages.txt
	dist/vllm/bin/python -m pip install --quiet --disable-pip-version-check --no-deps vllm==0.33.0
	nice dist/vllm/bin/python -m tests.vllm_plans.plan data/cache-plans $(or $(MODELS),$(basename $(notdir $(wildcard data/cache-plans/*.yaml))))
	$(MACROS) seal data/cache-plans/*.yaml

peers: $(VENV)/site.ok ## calculators of others, really run at the versions of data/calculators
	$(BIN)/python -m tests.peers

second-source: $(VENV)/site.ok ## where a second public list differs from the records
	$(BIN)/python -m tests.second_source

load: $(VENV)/test.ok browser site ## how the web door bears use: 500 requests a second, an hour of the calculator (MINUTES=5: shorter)
	$(BIN)/python -m tests.load serve
	$(BIN)/python -m tests.load calculator --minutes $(or $(MINUTES),60)

kills: $(VENV)/test.ok site ## what stands after a build, the books or a diff are killed, at 50 points of each (an hour; SMALL=1: a small site alone)
	$(BIN)/python -m tests.kills $(if $(SMALL),small-site,site pdf offline diff)

rehearse-generator: $(VENV)/test.ok site ## every page through ProperDocs and Zensical, compared word by word, in dist/generators.md
	$(BIN)/python -m tests.rehearse_generator

fuzz: $(VENV)/test.ok ## hostile and clumsy input at every door, drawn from SEED (7)
	$(BIN)/python -W ignore -m tests.fuzz --seed $(or $(SEED),7)

machines: $(VENV)/test.ok ## advice for 10,000 random machines, drawn from SEED (7): none is overfull, none has a faster placement (minutes)
	$(BIN)/python -m tests.machines 10000 $(or $(SEED),7)

slips: $(VENV)/test.ok ## which slips of the keyboard make check lets through, by field (minutes)
	$(BIN)/python -m tests.slips

rehearse: $(VENV)/site.ok ## the path of a pull request on this machine: base, head, artifacts, report
	$(BIN)/python -m tests.publish.rehearse

mutate: $(VENV)/test.ok ## which changes of the formulas no test notices (three quarters of an hour on two cores)
	rm -rf mutants
	nice $(BIN)/mutmut run --max-children 2
	$(BIN)/mutmut results
	$(BIN)/mutmut export-cicd-stats
	$(BIN)/python -m tests.mutants

watch: $(VENV)/site.ok ## which locked packages are yanked, advised against or no longer kept, in dist/watch.md
	$(MACROS) watch

links: $(VENV)/site.ok ## which sources cannot be opened any more, in dist/links.md
	$(MACROS) links

lock: $(VENV)/site.ok ## renew requirements*.txt, hashes only
	for set in requirements-uv requirements requirements-test; do \
	  $(BIN)/uv pip compile --quiet --generate-hashes --no-header --no-annotate --universal --python-version 3.11 $$set.in -o $$set.txt; done

clean: ## forget what was built
	rm -rf site dist .cache
