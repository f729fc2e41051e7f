"""`python -m digitbook.cli` is the `digitbook` command."""

import sys

from digitbook.cli.main import main

sys.exit(main())
