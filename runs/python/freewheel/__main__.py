"""The program: ``python -m freewheel run``, or ``freewheel run``."""

import signal
import sys

from ._freewheel import main as program


def main() -> None:
    """Runs the program with the arguments of the command line."""
    # The program handles Ctrl-C itself: it saves what it can.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.exit(program(["freewheel", *sys.argv[1:]]))


if __name__ == "__main__":
    main()
