"""One session analysed, in whatever process on whatever machine: bytes out, nothing written.

The session runs through the analyser forward, a minute at a time, so that memory does not grow with its length and a session in pieces
gives the same as the whole.
"""

from __future__ import annotations

import os
import platform
from pathlib import Path

from hfs_emg.cohort.documents import Failure, Making, Origin, Part, Plan, encode_part, plan_of
from hfs_emg.cohort.units import Unit
from hfs_emg.errors import HfsError, RecordingError
from hfs_emg.profiles import PROFILE_NAME
from hfs_emg.session.documents import utc_text
from hfs_emg.session.reader import Session, is_session_folder, open_session
from hfs_emg.sessions import profile_in

WITHOUT = "Or analyse all sessions without profiles: use_profile = false in the [analysis] table of --settings."


def analyse_unit(unit: Unit, plan: Plan) -> bytes | Failure:
    """The session's part, or why there is none. Never raises an Exception: one session is not the end of an archive."""
    try:
        return encode_part(_part(unit, plan))
    except HfsError as error:
        problem = str(error)
    except MemoryError:
        problem = "The memory was not enough: give fewer workers."
    except Exception as error:
        problem = f"The analysis failed ({type(error).__name__}: {error}): `hfs-emg verify` of the session may say why."
    return Failure(unit.session, unit.folder, problem)


def _part(unit: Unit, plan: Plan) -> Part:
    import numpy as np  # noqa: PLC0415 - versions, of the process that analyses
    import scipy  # noqa: PLC0415

    from hfs_emg.analysis.document import analyse  # noqa: PLC0415 - brings the analyser

    began = _cpu_s()
    path = Path(unit.path)
    mine = plan_of(plan.settings)
    if mine != plan:
        raise RecordingError(
            f"A worker has {mine.software} with model {mine.model_sha256[:8]}, the command {plan.software} with {plan.model_sha256[:8]}: "
            "install the same version everywhere."
        )
    if not is_session_folder(path):
        raise RecordingError(
            f"{path} is not there for the worker: mount the archive under the same path on every machine."
        )
    session = open_session(path)
    if session.montage is None:
        raise RecordingError(f"{unit.session} says nothing of its montage: import it again with --montage.")
    profile = profile_in(path, session.start, WITHOUT) if plan.settings.use_profile else None
    analysis, _ = analyse(session, session.montage, plan.settings, profile=profile)
    making = Making(
        software=mine.software,
        model_sha256=mine.model_sha256,
        settings_sha256=mine.settings_sha256,
        profile_sha256=None if profile is None else session.start.copies[PROFILE_NAME],
        python=platform.python_version(),
        numpy=np.__version__,
        scipy=scipy.__version__,
        machine=platform.machine(),
        cpu_s=round(_cpu_s() - began, 2),
    )
    return Part(key=unit.key, origin=_origin(unit, session), making=making, analysis=analysis)


def _origin(unit: Unit, session: Session) -> Origin:
    return Origin(
        folder=unit.folder,
        session=unit.session,
        subject=session.start.subject,
        start_utc=utc_text(session.start_utc),
        state="interrupted" if session.stop is None else "finished",
        board=session.start.board.title,
        recorded_with=session.start.software,
        samples=session.samples,
        lost_samples=sum(end - start for start, end in session.gaps),
        signal_bytes=unit.signal_bytes,
        notes=session.notes,
    )


def _cpu_s() -> float:
    """Processor time of this process so far."""
    spent = os.times()
    return spent.user + spent.system
