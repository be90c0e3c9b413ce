"""`sim:SCENARIO`: a simulated face behind an emulated Cyton. Loaded only where one is asked for: a recording from a real board has no use
for a simulation.

A simulated board takes the whole way that a real one does: counts become packets, packets bytes on a pseudo-terminal (or, with
`speed=virtual`, bytes in memory as fast as they are read), and the built-in driver reads them.
"""

from __future__ import annotations

from dataclasses import replace

from firmware_bridge.boards import CYTON, CYTON_DAISY, Board
from firmware_bridge.connect import BoardAddress, check_options
from firmware_bridge.cyton import CytonBoard
from firmware_bridge.emulator import CytonEmulator
from firmware_bridge.emulator_impedance import Electrodes
from firmware_bridge.errors import BoardAddressError
from firmware_bridge.links import ByteLink, EmulatorLink, SerialLink
from firmware_bridge.pty_server import PtyServer
from hfs_emg.simulation.cooperative import CooperativeFace
from hfs_emg.simulation.face import SimulatedFace
from hfs_emg.simulation.scenarios import load_scenario

SIM_OPTIONS = ("seed", "rate", "channels", "speed")
SIM_RATES = (200.0, 250.0, 500.0, 1000.0)


class ServedLink:
    """A serial link to a pseudo-terminal of our own, closed together with it."""

    def __init__(self, server: PtyServer) -> None:
        self._server = server
        self._link = SerialLink(server.path)
        self.read = self._link.read
        self.write = self._link.write
        self.now_s = self._link.now_s

    def close(self) -> None:
        """Close the port, then the board's end of it."""
        self._link.close()
        self._server.close()


def open_with_face(address: BoardAddress) -> tuple[Board, SimulatedFace | CooperativeFace]:
    """`sim:moderate-right?seed=7&rate=250&channels=8&speed=real`: the board, and who sits there.

    Raises BoardAddressError or RequestError.
    """
    check_options(address, SIM_OPTIONS)
    rate = _number(address, "rate", 250.0)
    if not address.path:
        raise BoardAddressError(
            "The scenario is missing: write sim:moderate-right, say (all: hfs-emg simulate --list)."
        )
    if rate not in SIM_RATES:
        listed = ", ".join(f"{r:g}" for r in SIM_RATES)
        raise BoardAddressError(f"A simulated board cannot sample at {rate:g} Hz: choose one of {listed}.")
    channels = _whole(address, "channels", 8)
    if channels not in (8, 16):
        raise BoardAddressError(f"A simulated Cyton has 8 inputs, or 16 with a Daisy, not {channels}.")
    speed = address.options.get("speed", "real")
    if speed not in ("real", "virtual"):
        raise BoardAddressError(f"'speed={speed}' is not understood: write speed=real or speed=virtual.")
    face = face_of(address.path, seed=_whole(address, "seed", 0), rate_hz=rate, channels=channels)
    return simulated_board(face, real_time=speed == "real"), face


def face_of(
    scenario: str, *, seed: int = 0, rate_hz: float = 250.0, channels: int = 8
) -> SimulatedFace | CooperativeFace:
    """Who sits there: somebody who follows prompts where the scenario says so. Raises RequestError for a scenario that there is not."""
    found = load_scenario(scenario)
    kind = SimulatedFace if found.cooperation is None else CooperativeFace
    return kind(found, seed=seed, rate_hz=rate_hz, channels=channels)


def emulated_cyton(face: SimulatedFace | CooperativeFace) -> CytonEmulator:
    """A Cyton (16 inputs: with Daisy) whose electrodes, with their impedances, lie on a simulated face."""
    electrodes = Electrodes.of(face.wiring.ohm.tolist()) if isinstance(face, CooperativeFace) else None
    rate = face.signal.rate_hz
    daisy = len(face.signal.inputs) > CYTON.exg_channels
    return CytonEmulator(face, daisy=daisy, rate_hz=rate, nominal_rate_hz=rate, electrodes=electrodes)


def simulated_board(face: SimulatedFace | CooperativeFace, *, real_time: bool) -> Board:
    """An emulated Cyton through the driver: on a pseudo-terminal, or in virtual time."""
    emulator = emulated_cyton(face)
    daisy = len(face.signal.inputs) > CYTON.exg_channels
    rate = face.signal.rate_hz
    link: ByteLink = ServedLink(PtyServer(emulator)) if real_time else EmulatorLink(emulator)
    real = CYTON_DAISY if daisy else CYTON
    spec = replace(
        real,
        title=f"simulated {real.title}: {face.scenario.name}",
        rate_hz=rate / 2 if daisy else rate,
        simulated=True,
    )
    try:
        return CytonBoard(link, daisy=daisy, spec=spec)
    except BaseException:
        link.close()
        raise


def _number(address: BoardAddress, name: str, default: float) -> float:
    text = address.options.get(name)
    if text is None:
        return default
    try:
        return float(text)
    except ValueError:
        raise BoardAddressError(f"'{name}={text}' is not a number: write {name}={default:g}, say.") from None


def _whole(address: BoardAddress, name: str, default: int) -> int:
    """A whole number from 0 on."""
    text = address.options.get(name, str(default))
    if not (text.isascii() and text.isdigit()):
        raise BoardAddressError(f"'{name}={text}' is not a whole number from 0 on: write {name}={default}, say.")
    return int(text)
