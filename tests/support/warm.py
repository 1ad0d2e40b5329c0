"""A ``plaint`` that starts at once: a process with everything imported forks for each call.

``serve`` is that process; ``CALL`` is the program that a shell starts instead of ``plaint``. It hands over
its arguments, settings, directory and open files, and leaves with the exit code. Every call is a process of its own.
"""

import json
import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

CALL = """
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as call:
    call.connect(sys.argv[1])
    own = {name: value for name, value in os.environ.items() if name.startswith("PLAINT_")}
    words = json.dumps([os.getcwd(), own, *sys.argv[2:]]).encode()
    socket.send_fds(call, [len(words).to_bytes(4, "big")], [0, 1, 2])
    call.sendall(words)
    code = call.recv(1)
sys.exit(code[0] if code else 1)
"""


def serve(address: Path) -> None:
    """Answer calls until killed."""
    import consumers.cli.cases
    import consumers.cli.config
    import consumers.cli.feeding
    import consumers.cli.figures
    import consumers.cli.parked
    import consumers.cli.views  # noqa: F401 -- to be there when it is asked for

    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(address))
        door.listen()
        while True:
            call, _ = door.accept()
            with call:
                _answer(call)


def _answer(call: socket.socket) -> None:
    head, files, *_ = socket.recv_fds(call, 4, 3)
    length, words = int.from_bytes(head, "big"), b""
    while len(words) < length:
        words += call.recv(length - len(words))
    folder, settings, *arguments = json.loads(words)
    child = os.fork()
    if child == 0:
        os.environ.update(settings)
        _become(files, folder, arguments)
    for file in files:
        os.close(file)
    call.sendall(bytes([os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) & 0xFF]))


def _become(files: Sequence[int], folder: str, arguments: Sequence[str]) -> None:
    from consumers.cli import main

    code = 1
    try:
        for number, file in enumerate(files):
            os.dup2(file, number)
        os.chdir(folder)
        sys.argv = ["plaint", *arguments]
        code = main.run(arguments)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:  # noqa: BLE001 -- a program of its own would end with its traceback too
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
