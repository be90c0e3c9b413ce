"""`hfs-emg doctor`: every link from electrode to disk checked, a line each, with a remedy where there is one.

machine.py asks this computer, checks.py judges what it says, link.py does both for the board and the electrodes on it.
"""
