"""Report: one page about one session, for the clinician. Measured quantities with their denominators; no grade, no diagnosis, no advice."""
