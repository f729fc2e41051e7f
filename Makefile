# Two commands do it all: `make book` and `make test`.
export DIGITBOOK_CACHE ?= $(CURDIR)/_build/cache

.PHONY: help book check test bench bench-serve drawings teaching lighthouse lab lock clean

help:  ## list these commands
	@sed -n 's/^\([a-z-]*\):.*## /make \1\t/p' $(MAKEFILE_LIST) | expand -t 18

book: .venv/installed  ## set up, run the chapters that changed and render the site (options: ARGS="--data mnist5k")
	.venv/bin/digitbook build $(ARGS)

check: .venv/installed  ## check style, rooms, scripts and chapters' format, and run the quick tests
	scripts/check.sh

test: .venv/installed  ## set up, build the book on 5,000 digits and run all tests
	scripts/test.sh

bench: .venv/installed  ## time the book's recipes against published ones (options: ARGS="--smoke")
	.venv/bin/python benchmarks/speed.py $(ARGS)

bench-serve: .venv/installed  ## time the service against a plain Flask handler (options: ARGS="--smoke")
	.venv/bin/python benchmarks/serving.py $(ARGS)

drawings: .venv/installed  ## draw 1,000 digits on the built book's page and record how many are read right
	.venv/bin/python benchmarks/drawings.py $(ARGS)

teaching: .venv/installed  ## teach the released network hands and signs, as the page does, and record what it reads
	.venv/bin/python benchmarks/teaching.py $(ARGS)

lighthouse: .venv/installed  ## measure pages of the built book by Lighthouse (options: ARGS="book/draw.html")
	scripts/lighthouse.sh $(ARGS)

lab: .venv/installed  ## open the chapters in JupyterLab, in a copy of your own: work/
	.venv/bin/digitbook notebooks work
	.venv/bin/jupyter lab --notebook-dir work

lock: .venv/installed  ## compile requirements.in into requirements.txt (options: ARGS=--upgrade, to newer versions)
	.venv/bin/uv pip compile --universal --python-version 3.11 --fork-strategy fewest --generate-hashes \
	    --custom-compile-command "make lock" $(ARGS) requirements.in -o requirements.txt

clean:  ## remove everything that was built: the environment, caches and the site
	rm -rf .venv _build

.venv/installed: requirements.txt pyproject.toml scripts/setup.sh
	@scripts/setup.sh
	@touch $@
