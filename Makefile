# Run inside an environment that has `pip install -e '.[test]'`.

.PHONY: check lint test check-slow check-gpu format proto docs wheel

check: lint test  ## what CI runs

lint:
	ruff check .
	ruff format --check .
	mypy
	lint-imports

test:
	python -m pytest

check-slow:
	python -m pytest -m slow

check-gpu:  ## on a machine with a GPU; writes benchmarks/reports/gpu-<date>.md
	python scripts/check_gpu.py

format:
	ruff check --fix .
	ruff format .

proto:  ## after a change of netdef.proto
	python scripts/make_proto.py

docs:  ## after a change of a layer's fields or docstring
	python scripts/make_layer_docs.py

wheel:
	rm -rf build dist  # setuptools would put deleted modules of an old build/ into the wheel
	python -m build
