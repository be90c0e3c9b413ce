"""The answer to `?`: the registers of the converters and the accelerometer, as the firmware prints them.

One line a register: name, address, value in hex, and its eight bits (printADSregisters, printRegisterName).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from firmware_bridge.cyton_commands import GAINS, ChannelSettings, LeadOff

_FIXED = {"ID": 0x3E, "CONFIG1": 0xB6, "CONFIG2": 0xD0, "CONFIG3": 0xEC, "LOFF": 0x02}
_TAIL = ("LOFF_FLIP", "LOFF_STATP", "LOFF_STATN", "GPIO", "MISC1", "MISC2", "CONFIG4")
_LIS3DH = {
    0x07: 0x00,
    0x0D: 0x00,
    0x0E: 0x00,
    0x0F: 0x33,
    **dict.fromkeys(range(0x1E, 0x27), 0x00),
    0x23: 0x18,
    **dict.fromkeys(range(0x27, 0x34), 0x00),
    0x38: 0x00,
}


def register_dump(settings: Sequence[ChannelSettings], lead_off: Sequence[LeadOff], *, daisy: bool) -> str:
    """The whole text, `$$$` included: 16 settings and lead-off entries, of which a board without Daisy prints eight."""
    lines = ["", "Board ADS Registers", *_converter(settings[:8], lead_off[:8], clock_out=daisy)]
    if daisy:
        lines += ["", "Daisy ADS Registers", *_converter(settings[8:], lead_off[8:], clock_out=False)]
    lines += ["", "LIS3DH Registers", *(f"0x{address:02X} {value:X}" for address, value in sorted(_LIS3DH.items()))]
    return "\r\n".join(lines) + "\r\n$$$"


def _converter(settings: Sequence[ChannelSettings], lead_off: Sequence[LeadOff], *, clock_out: bool) -> list[str]:
    registers = dict(_FIXED)
    registers["CONFIG1"] = 0xB6 if clock_out else 0x96
    for n, setting in enumerate(settings, 1):
        code = (not setting.on) << 7 | GAINS.index(setting.gain) << 4 | setting.srb2 << 3 | setting.input_type
        registers[f"CH{n}SET"] = code
    bias = _mask(setting.bias and setting.on for setting in settings)
    registers |= {"BIAS_SENSP": bias, "BIAS_SENSN": bias}
    registers |= {"LOFF_SENSP": _mask(row.p for row in lead_off), "LOFF_SENSN": _mask(row.n for row in lead_off)}
    registers |= dict.fromkeys(_TAIL, 0)
    registers["GPIO"] = 0x0F
    registers["MISC1"] = 0x20 if any(setting.srb1 for setting in settings) else 0x00
    return [
        f"{name}, {address:02X}, {value:02X}, {', '.join(f'{value:08b}')}"
        for address, (name, value) in enumerate(registers.items())
    ]


def _mask(flags: Iterable[bool]) -> int:
    return sum(int(flag) << n for n, flag in enumerate(flags))
