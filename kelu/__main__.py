"""`python -m kelu` is the command `kelu`."""

from kelu.command import main

main()
