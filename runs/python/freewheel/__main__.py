"""The program: ``python -m freewheel run``."""

import signal
import sys

from ._freewheel import main

if __name__ == "__main__":
    # The program handles Ctrl-C itself: it saves what it can.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.exit(main(["freewheel", *sys.argv[1:]]))
