# Tieline. `make` alone says what there is.
# Only relative paths in here: make cannot quote a repository address that holds a space.

.DEFAULT_GOAL := help
.NOTPARALLEL:
.SUFFIXES:

RUN := .venv/bin
ARGS ?=
RELEASE := tieline-$(shell sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
# Two worker processes suit the smallest machine that we care about.
JOBS ?= 2

# Without byte code, pytest rewrites its plugins anew in every process: five seconds each.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help
help: ## Say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

.PHONY: demo
demo: ready-run ## Run the main job end to end on this machine, and keep serving (ARGS="--headless --json")
	@$(RUN)/tieline demo $(ARGS)

.PHONY: serve
serve: ready-run ## Start the API and a worker (ARGS="--port 8400")
	@$(RUN)/tieline serve $(ARGS)

.PHONY: web
web: ready-run ## Build the studio, where its sources have changed
	@$(RUN)/python bin/build_studio.py

.PHONY: web-check
web-check: ready-dev ## Check the studio: style, types and its unit tests (ARGS="src/editor")
	$(RUN)/python bin/build_studio.py --node node_modules/@biomejs/biome/bin/biome check .
	$(RUN)/python bin/build_studio.py --node node_modules/typescript/bin/tsc --noEmit
	$(RUN)/python bin/build_studio.py --node node_modules/vitest/vitest.mjs run $(ARGS)

.PHONY: screenshots
screenshots: ready-dev ## Make the pictures of docs/studio anew, of every page of the studio
	$(RUN)/python -m tests.studio.sights

.PHONY: test
test: lint unit batteries ## Run everything that CI runs: lint, unit, batteries

.PHONY: lint
lint: ready-dev ## Check style, types and the layers
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .
	$(RUN)/mypy
	$(RUN)/lint-imports --no-logo
	$(RUN)/python bin/build_studio.py --node node_modules/@biomejs/biome/bin/biome check .
	$(RUN)/python bin/build_studio.py --node node_modules/typescript/bin/tsc --noEmit

.PHONY: format
format: ready-dev ## Put the code into its form
	$(RUN)/ruff check --fix .
	$(RUN)/ruff format .

.PHONY: unit
unit: ready-dev ## Run the fast tests (ARGS="-k name")
	$(if $(ARGS),,$(RUN)/python bin/build_studio.py --node node_modules/vitest/vitest.mjs run)
	$(RUN)/python -m pytest -m "not battery" -n $(JOBS) --dist worksteal $(ARGS)

.PHONY: batteries
batteries: ready-dev ## Run the long tests: side by side, then those that kill or measure processes one by one
	$(RUN)/python -m pytest -m "battery and not alone" -n $(JOBS) --dist worksteal $(ARGS)
	$(RUN)/python -m pytest -m "battery and alone" $(ARGS)

.PHONY: coverage
coverage: ready-dev ## Run the fast tests and say which lines no test reaches
	$(RUN)/python -m pytest -m "not battery" -n $(JOBS) --dist worksteal --cov --cov-report=term $(ARGS)

.PHONY: bench
bench: ready-dev ## Say what can be measured; measure it with ARGS="NAME ..."
	$(RUN)/python -m bench $(ARGS)

.PHONY: docs
docs: ready-dev ## Check that the reference is complete, its links lead somewhere and its examples run
	$(RUN)/python -m pytest tests/test_docs.py $(ARGS)

.PHONY: docs-site
docs-site: ready-dev ## Build the documentation as pages into build/site; fail where a link leads nowhere
	@$(RUN)/python bin/build_docs.py build/site

.PHONY: specs
specs: ready-run ## Write the API documents to build/specs; fail where a program could break
	@$(RUN)/tieline specs build -o build/specs
	@$(RUN)/tieline specs diff docs/reference/api.surface.json build/specs/api.surface.json --fail-on breaking

.PHONY: specs-accept
specs-accept: ready-run ## Take the API as it is now for what programs may rely on
	@$(RUN)/tieline specs build -o build/specs
	@cp build/specs/api.surface.json docs/reference/api.surface.json

.PHONY: dist
dist: ready-dev ## Build the release into dist/: wheel, source archive, pinned requirements, bill of materials, checksums
	@$(RUN)/python bin/build_studio.py
	rm -rf dist
	$(RUN)/uv build --quiet --no-build-isolation --offline --python $(RUN)/python --out-dir dist
	$(RUN)/uv export --quiet --frozen --no-dev --extra otel --no-emit-project -o dist/requirements.txt
	$(RUN)/python bin/components.py sbom dist/$(RELEASE).cdx.json
	$(RUN)/python bin/components.py licences dist/licences.md
	cd dist && sha256sum $(RELEASE)* requirements.txt licences.md >SHA256SUMS

.PHONY: sbom
sbom: ready-dev ## Write the bill of materials (CycloneDX 1.6) to dist/
	@$(RUN)/python bin/components.py sbom dist/$(RELEASE).cdx.json

.PHONY: licences
licences: ready-dev ## Write docs/reference/licences.md; fail on a licence that is not allowed
	@$(RUN)/python bin/components.py licences docs/reference/licences.md

.PHONY: clean
clean: ## Remove what was built and cached; data (.tieline) stays
	rm -rf .venv .coverage .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache build dist
	rm -rf web/node_modules web/generated src/tieline/api/studio/dist
	find src tests bench -type d -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true

.PHONY: ready-run ready-dev
ready-run:
	@sh bin/bootstrap run
ready-dev:
	@sh bin/bootstrap dev
