"""Imports every module of the four rooms: fails if one needs what only the tests install.

Run as a script in an environment that holds the wheel and its runtime requirements, nothing else.
"""

import importlib
import pkgutil

ROOMS = ("consumers", "engine", "projections", "schemas")


def main() -> None:
    """Import them all and say how many there were."""
    rooms = [importlib.import_module(room) for room in ROOMS]
    names = [module.name for room in rooms for module in pkgutil.walk_packages(room.__path__, f"{room.__name__}.")]
    for name in names:
        importlib.import_module(name)
    print(f"{len(names)} modules imported")  # noqa: T201 - a script's answer


if __name__ == "__main__":
    main()
