"""How fast and how good the clearing is, beside other solvers. Run `python -m bench.clearing`."""
