"""`python -m hfs_emg`."""

from hfs_emg.cli import main

raise SystemExit(main())
