"""export, import and erase as a user gives them, and who may read what a store holds."""

import io
import json
import os
import pty
import shutil
import stat
import sys
import tarfile
from datetime import UTC, date, datetime
from pathlib import Path

import pyrage
import pytest
from command_line import counts_of, refused, sessions_in

from hfs_emg import erasing
from hfs_emg.archive import INDEX_NAME, read_archive
from hfs_emg.errors import DiskError, HfsError
from hfs_emg.session.reader import open_session
from hfs_emg.session.store import Store
from hfs_emg.sharing import disguise
from hfs_emg.trend.treatments import add_treatment

BOARD = "sim:moderate-right?speed=virtual&seed=2"


@pytest.fixture
def store(tmp_path, hfs):
    """Two sessions of S1, one of S2, a calibration profile, a catalogue, a secret."""
    store = tmp_path / "store"
    for subject in ("S1", "S1", "S2"):
        assert hfs("record", "--board", BOARD, "--subject", subject, "--duration", 5, "--store", store).status == 0
    profile = store / "S1" / "calibration-20261120T100000Z.json"
    profile.touch(mode=0o600)
    profile.write_text("{}")
    disguise(store, "S1")
    assert hfs("sessions", "--store", store).status == 0
    return store


def everything(folder):
    return {p.relative_to(folder): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_files_are_0600_and_folders_0700_whatever_the_umask(tmp_path, hfs):
    before = os.umask(0)
    try:
        store = tmp_path / "deep" / "store"
        assert hfs("record", "--board", BOARD, "--subject", "S1", "--duration", 5, "--store", store).status == 0
        (session,) = sessions_in(store)
        (session / "stop.json").unlink()
        assert hfs("recover", "--store", store).status == 0
        assert hfs("sessions", "--store", store).status == 0
        disguise(store, "S1")
        assert hfs("export", session, "--to", "archive", tmp_path / "a.tar", "--store", store).status == 0
        other = tmp_path / "other"
        assert hfs("import", tmp_path / "a.tar", "--store", other).status == 0
    finally:
        os.umask(before)
    found = [p for place in (store, other) for p in (place.parent if place is store else place, *place.rglob("*"))]
    assert len(found) > 20
    wrong = [
        (str(p), oct(m)) for p in found if (m := stat.S_IMODE(p.stat().st_mode)) != (0o700 if p.is_dir() else 0o600)
    ]
    assert wrong == []
    assert stat.S_IMODE((tmp_path / "a.tar").stat().st_mode) == 0o600


def test_no_name_of_computer_or_account_stands_in_a_session(store):
    host, user = os.uname().nodename, os.environ.get("USER") or "root"
    for name, content in everything(store).items():
        if name.suffix in (".json", ".jsonl", ".toml"):
            words = content.decode().lower()
            assert f'"{host.lower()}"' not in words, name
            assert f'"{user}"' not in words, name
            assert str(Path.home()) not in words, name
    start = open_session(sessions_in(store)[0]).start
    assert set(start.board.description) <= {
        "board",
        "firmware",
        "board_ads1299",
        "accelerometer",
        "ads1299",
        "daisy_ads1299",
        "reference",
        "gain",
        "on_board_ads1299",
        "lis3dh",
    }


@pytest.mark.parametrize("code", ["Anna", "mueller", "MuellerHans", "ANNA", "Anna1970", "19701224", "X24121970"])
def test_a_code_that_looks_like_a_name_draws_a_warning(hfs, tmp_path, code):
    result = hfs("record", "--board", BOARD, "--subject", code, "--duration", 1, "--store", tmp_path / "store")
    assert result.status == 0
    assert f"'{code}' looks like a " in result.err


@pytest.mark.parametrize("code", ["S01", "P014", "HFS2b", "A", "0042", "P20261301"])
def test_a_code_that_is_one_draws_none(hfs, tmp_path, code):
    result = hfs("record", "--board", BOARD, "--subject", code, "--duration", 1, "--store", tmp_path / "store")
    assert "looks like" not in result.err


def test_erase_removes_all_of_a_subject_and_nothing_else(hfs, store):
    kept = everything(store / "S2")
    (store / ".arriving-00ff").mkdir()
    (store / ".arriving-00ff" / "sessions.tar").write_text("S1")
    result = hfs("erase", "S1", "--yes", "--store", store, "--json", store.parent / "erased.json")
    assert result.status == 0
    assert "S1, 2 sessions, 1 of calibration; " in result.out
    assert len(json.loads((store.parent / "erased.json").read_text())["sessions"]) == 2
    assert everything(store / "S2") == kept
    assert not (store / "S1").exists()
    left = [p for p in store.rglob("*") if p.is_file()]
    assert not any(b"S1" in p.read_bytes() for p in left if p.suffix != ".bdf")
    assert {p.name for p in store.iterdir()} == {"S2", ".sharing-secret"}
    assert "S1 " not in hfs("sessions", "--store", store).out
    refused(hfs("erase", "S1", "--yes", "--store", store), 2, "There is no subject 'S1'", "there are S2")


def test_erase_refuses_without_a_terminal_and_without_yes(hfs, store, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("S1\n"))
    before = everything(store)
    refused(hfs("erase", "S1", "--store", store), 2, "say --yes")
    assert everything(store) == before


@pytest.mark.parametrize(("answer", "status"), [("S1", 0), ("yes", 2), ("", 2)])
def test_erase_asks_on_a_terminal(hfs, store, monkeypatch, answer, status):
    ours, theirs = pty.openpty()
    os.write(ours, f"{answer}\n".encode())
    with os.fdopen(theirs) as terminal:
        monkeypatch.setattr(sys, "stdin", terminal)
        result = hfs("erase", "S1", "--store", store)
    os.close(ours)
    assert result.status == status
    assert "2 sessions" in result.err
    assert (store / "S1").exists() == (status != 0)


def test_an_erasure_that_is_interrupted_is_gone_for_everybody_and_goes_on(hfs, store, monkeypatch):
    left = []

    def broken(path):
        left.append(path)
        if len(left) == 5:
            raise OSError(5, "Input/output error", str(path))
        os.remove(path)  # noqa: PTH107 - Path.unlink is what is broken here

    with monkeypatch.context() as patched:
        patched.setattr(erasing.Path, "unlink", lambda path, **_: broken(path))
        with pytest.raises(DiskError, match="it goes on from there"):
            erasing.erase(Store(store), "S1")
    assert not (store / "S1").exists()
    assert (store / ".erasing-S1").exists()
    assert "S1 " not in hfs("sessions", "--store", store).out
    hfs("record", "--board", BOARD, "--subject", "S1", "--duration", 1, "--store", store)
    result = hfs("erase", "S1", "--yes", "--store", store)
    assert result.status == 0
    assert (
        "3 sessions" in result.out or "2 sessions" in result.out
    )  # the one whose start document went first is a folder
    assert {p.name for p in store.iterdir()} == {"S2", ".sharing-secret"}


def test_erase_leaves_what_a_link_leads_to(hfs, store, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter").write_text("x")
    (store / "S1" / "link").symlink_to(tmp_path / "mine")
    assert hfs("erase", "S1", "--yes", "--store", store).status == 0
    assert (tmp_path / "mine" / "letter").read_text() == "x"
    (store / "S3").symlink_to(tmp_path / "mine")
    refused(hfs("erase", "S3", "--yes", "--store", store), 2, "remove it by hand")


def test_erase_waits_for_a_recording(hfs, store, monkeypatch):
    monkeypatch.setattr(erasing, "is_being_recorded", lambda folder: folder == sessions_in(store / "S1")[0])
    refused(hfs("erase", "S1", "--yes", "--store", store), 2, "is being recorded: end the recording first")


@pytest.mark.parametrize("passphrase", [None, "correct horse battery"])
def test_an_archive_comes_back_byte_for_byte(hfs, store, tmp_path, passphrase):
    options = []
    if passphrase:
        (tmp_path / "secret").write_text(passphrase + "\n")
        options = ["--passphrase-file", tmp_path / "secret"]
    out = tmp_path / "out.tar"
    names = [s.name for s in sessions_in(store)]
    result = hfs("export", *names, "--to", "archive", out, "--store", store, *options)
    assert result.status == 0, result
    assert ("not encrypted" in result.out) == (passphrase is None)
    assert (b"EMG L OOC" in out.read_bytes()) == (passphrase is None)
    assert {p.name for p in tmp_path.iterdir()} <= {"store", "out.tar", "secret"}
    other = tmp_path / "other"
    assert hfs("import", out, "--store", other, *options).status == 0
    assert {p.name for p in other.iterdir()} == {"S1", "S2"}
    for here, there in zip(sessions_in(store), sessions_in(other), strict=True):
        assert everything(here) == everything(there)
        assert (counts_of(open_session(here)) == counts_of(open_session(there))).all()
    refused(hfs("import", out, "--store", other, *options), 2, "is there already: nothing was taken")
    refused(hfs("export", names[0], "--to", "archive", out, "--store", store), 2, "--force")


@pytest.fixture
def treated(store):
    """S1 of the store with two treatments noted: its folder."""
    for day, what in ((1, "botulinum toxin"), (2, "clonazepam")):
        add_treatment(Store(store), "S1", day=date(2026, 3, day), what=what, now_utc=datetime(2026, 4, 1, tzinfo=UTC))
    return store / "S1"


def test_an_archive_of_a_subject_carries_its_treatments_and_profiles(hfs, store, treated, tmp_path):
    out, other = tmp_path / "out.tar", tmp_path / "other"
    result = hfs("export", "S1", "--to", "archive", out, "--store", store)
    assert result.status == 0
    assert "2 sessions" in result.out
    assert hfs("import", out, "--store", other).status == 0
    assert everything(other) == {Path("S1") / name: content for name, content in everything(treated).items()}
    listed = hfs("treatment", "S1", "--store", other).out
    assert "botulinum toxin" in listed
    assert "clonazepam" in listed


def test_an_archive_of_sessions_alone_says_nothing_of_treatments(hfs, store, treated, tmp_path):
    assert (
        hfs("export", sessions_in(store)[0].name, "--to", "archive", tmp_path / "out.tar", "--store", store).status == 0
    )
    assert b"botulinum" not in (tmp_path / "out.tar").read_bytes()


def test_of_two_lists_of_treatments_the_one_that_goes_on_stays(hfs, store, treated, tmp_path):
    """Sessions of one subject on two computers, the treatments noted on both: what continues the other is taken."""
    out, other = tmp_path / "out.tar", tmp_path / "other"
    assert hfs("export", "S1", "--to", "archive", out, "--store", store).status == 0
    noted = (treated / "treatments.jsonl").read_bytes()
    first = noted.splitlines(keepends=True)[0]
    for present, expected in ((first, noted), (noted + b"more\n", noted + b"more\n"), (noted, noted)):
        shutil.rmtree(other, ignore_errors=True)
        (other / "S1").mkdir(parents=True)
        (other / "S1" / "treatments.jsonl").write_bytes(present)
        assert hfs("import", out, "--store", other).status == 0
        assert (other / "S1" / "treatments.jsonl").read_bytes() == expected
    shutil.rmtree(other)
    (other / "S1").mkdir(parents=True)
    (other / "S1" / "treatments.jsonl").write_bytes(b"another\n")
    refused(hfs("import", out, "--store", other), 2, "says something else than the archive's", "Nothing was taken")
    assert [p.name for p in other.rglob("*")] == ["S1", "treatments.jsonl"]


@pytest.mark.parametrize(
    "name", ["S2/treatments.jsonl", "S1/treatments.jsonl.x", "S1/.treatments.jsonl", "treatments.jsonl"]
)
def test_an_archive_with_a_file_of_a_subject_that_it_does_not_name_is_refused(tmp_path, name):
    index = INDEX.replace(b"}", b', "subjects": ["S1"]}')
    hostile(tmp_path / "a.tar", (tarfile.TarInfo(INDEX_NAME), index), (tarfile.TarInfo(name), b"x"))
    with pytest.raises(HfsError, match="nothing was taken"):
        read_archive(tmp_path / "a.tar", Store(tmp_path / "store"))
    assert list((tmp_path / "store").iterdir()) == []


def test_a_subject_s_code_stands_for_all_of_its_sessions(hfs, store, tmp_path):
    assert hfs("export", "S1", "--to", "bdf", tmp_path / "bdf", "--store", store).status == 0
    assert len(list((tmp_path / "bdf").iterdir())) == 2
    assert (
        hfs("export", "S2", sessions_in(store / "S2")[0], "--to", "bdf", tmp_path / "one.bdf", "--store", store).status
        == 0
    )
    assert (tmp_path / "one.bdf").is_file()


class Quick:
    """In place of age's passphrases, which cost a second each by intent."""

    @staticmethod
    def encrypt(content, passphrase):
        return passphrase.encode() + b"\n" + content

    @staticmethod
    def decrypt(content, passphrase):
        given, _, rest = content.partition(b"\n")
        if given.decode() != passphrase:
            raise pyrage.DecryptError("Decryption failed")
        return rest


def test_a_wrong_or_missing_passphrase_and_a_flipped_bit_are_told(hfs, store, tmp_path, monkeypatch):
    monkeypatch.setattr(pyrage, "passphrase", Quick)
    (tmp_path / "secret").write_text("correct horse battery\n")
    (tmp_path / "wrong").write_text("another horse battery\n")
    (tmp_path / "short").write_text("horse\n")
    out, other = tmp_path / "out.tar", tmp_path / "other"
    session = sessions_in(store)[0]
    hfs("export", session, "--to", "archive", out, "--passphrase-file", tmp_path / "secret")
    refused(hfs("import", out, "--store", other), 2, "is encrypted: give --passphrase-file")
    refused(
        hfs("import", out, "--store", other, "--passphrase-file", tmp_path / "wrong"),
        2,
        "does not open with this passphrase",
    )
    refused(hfs("import", out, "--store", other, "--passphrase-file", tmp_path / "short"), 2, "8 characters")
    content = bytearray(out.read_bytes())
    content[len(content) // 2] ^= 1
    out.write_bytes(content)
    refused(
        hfs("import", out, "--store", other, "--passphrase-file", tmp_path / "secret"), 4, "damaged", "get it again"
    )
    assert list(other.iterdir()) == []


def hostile(path, *members):
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as tar:
        for member, content in members:
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))


INDEX = b'{"schema": "hfs-emg/archive/1", "sessions": ["S1/20261120T185323Z-1a2b"]}'


@pytest.mark.parametrize(
    "name",
    [
        "../S1/20261120T185323Z-1a2b/x",
        "/S1/20261120T185323Z-1a2b/x",
        "S1/20261120T185323Z-1a2b/../x",
        "S2/20261120T185323Z-1a2b/x",
        ".sharing-secret",
    ],
)
def test_an_archive_that_would_write_elsewhere_is_refused(tmp_path, name):
    hostile(tmp_path / "a.tar", (tarfile.TarInfo(INDEX_NAME), INDEX), (tarfile.TarInfo(name), b"x"))
    with pytest.raises(HfsError, match="no file of a session: nothing was taken"):
        read_archive(tmp_path / "a.tar", Store(tmp_path / "store"))
    assert list((tmp_path / "store").iterdir()) == []
    assert {p.name for p in tmp_path.iterdir()} == {"a.tar", "store"}


def test_an_archive_with_a_link_is_refused(tmp_path):
    link = tarfile.TarInfo("S1/20261120T185323Z-1a2b/start.json")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    hostile(tmp_path / "a.tar", (tarfile.TarInfo(INDEX_NAME), INDEX), (link, b""))
    with pytest.raises(HfsError, match="no file of a session"):
        read_archive(tmp_path / "a.tar", Store(tmp_path / "store"))


def test_the_library_for_encryption_is_asked_for_in_a_sentence(hfs, store, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyrage", None)
    (tmp_path / "secret").write_text("correct horse battery\n")
    result = hfs(
        "export", sessions_in(store)[0], "--to", "archive", tmp_path / "o.tar", "--passphrase-file", tmp_path / "secret"
    )
    refused(result, 2, "pip install 'hfs-emg[archive]'")
    assert {p.name for p in tmp_path.iterdir()} == {"store", "secret"}


def test_import_still_wants_a_subject_for_other_files(hfs, tmp_path):
    (tmp_path / "x.csv").write_text("1,2\n")
    refused(hfs("import", tmp_path / "x.csv", "--store", tmp_path / "s"), 2, "--subject")
    refused(hfs("export", "x", "--to", "floppy", tmp_path / "o", "--store", tmp_path / "s"), 2, "'floppy' is no format")
