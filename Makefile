# Run inside an environment that has `pip install -e '.[test]'`.

.PHONY: check check-slow test format proto wheel

check:  ## what CI runs
	ruff check .
	ruff format --check .
	mypy
	lint-imports
	python -m pytest

check-slow:
	python -m pytest -m slow

test:
	python -m pytest

format:
	ruff check --fix .
	ruff format .

proto:  ## after a change of netdef.proto
	python scripts/make_proto.py

wheel:
	rm -rf build dist  # setuptools would put deleted modules of an old build/ into the wheel
	python -m build
