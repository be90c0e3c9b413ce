"""The same analysis over an archive of sessions, into tables: `hfs-emg cohort`. The way of a session:

units.py finds it, unit.py analyses it (in whatever process, on whatever machine), folder.py keeps the result as one file, tables.py makes
the tables from those files. running.py keeps workers busy and survives them; crews.py are the workers: processes here, or a Dask cluster.
"""
