"""Archives as a user gives them: out and back whole, encrypted if asked, and nothing taken from a hostile one."""

import io
import re
import shutil
import sys
import tarfile
from datetime import UTC, date, datetime
from pathlib import Path

import pyrage
import pytest
from command_line import counts_of, refused, sessions_in
from two_subjects import everything

from hfs_emg.archive import INDEX_NAME, read_archive
from hfs_emg.errors import HfsError
from hfs_emg.session.reader import open_session
from hfs_emg.session.store import Store
from hfs_emg.trend.treatments import add_treatment


@pytest.fixture
def store(two_subjects):
    return two_subjects


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


def test_a_passphrase_that_takes_this_computer_too_long_is_not_called_wrong(hfs, store, tmp_path, monkeypatch):
    """As a busy Raspberry Pi finds what a fast computer wrote."""
    (tmp_path / "secret").write_text("correct horse battery\n")
    out, other = tmp_path / "out.tar", tmp_path / "other"
    encrypt = pyrage.passphrase.encrypt

    class Slow:
        decrypt = pyrage.passphrase.decrypt

        @staticmethod
        def encrypt(content, passphrase):
            return re.sub(rb"(-> scrypt \S+) \d+", rb"\1 30", encrypt(content, passphrase), count=1)

    monkeypatch.setattr(pyrage, "passphrase", Slow)
    hfs("export", sessions_in(store)[0], "--to", "archive", out, "--passphrase-file", tmp_path / "secret")
    refused(
        hfs("import", out, "--store", other, "--passphrase-file", tmp_path / "secret"), 2, "try again when it is idle"
    )
    assert list(other.iterdir()) == []


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
