"""`python -m evenfold`, the command."""

import sys

from evenfold.cli import main

sys.exit(main())
