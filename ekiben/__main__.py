"""`python -m ekiben`."""

from ekiben.cli import main

main()
