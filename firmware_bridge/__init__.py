"""OpenBCI instruments: bytes to readings and back. Knows no EMG and no session; numpy and pyserial only."""
