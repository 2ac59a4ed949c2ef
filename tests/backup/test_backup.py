"""What is saved comes back equal, one altered row is seen, and nothing is restored by halves."""

import asyncio
import hashlib
import json
import os
import shutil
import sys
import uuid
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import asyncpg
import msgspec
import pyrage
import pytest

from app.audit.operations import seal_what_is_written
from app.backup import manifest
from app.backup.age import Identities, Recipients
from app.backup.command import _restored
from app.backup.errors import BackupError
from app.backup.restoring import Comparison, compare, restore
from app.backup.saving import save
from app.core import keys as core_keys
from app.core.crypto import Keyring
from app.core.database import DB
from app.custody.operations import sign_head
from app.documents import store
from tests.audit.test_journal import note
from tests.conftest import TEST_KEYS, Stores, _keys_file
from tests.custody.conftest import KIM_SON, TU, Sealed, hand_over

SCAN = b"%PDF-1.7 a scan"
Motcua = Callable[..., Awaitable[tuple[int | None, dict[str, Any]]]]


def files_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def quietly(_what: str, _done: int, _of: int) -> None:
    pass


async def a_document(content: bytes, *, kept: bool = True) -> bytes:
    """A row that names a content, and the content."""
    assert DB.pool is not None
    digest = hashlib.sha256(content).digest()
    if kept:
        await store.put(digest, content)
    await DB.pool.execute(
        "INSERT INTO document (id, kind, sha256, size_bytes, content_type, state, uploaded_by_kind,"
        " uploaded_by_id, created_at) VALUES ($1, 'component', $2, $3, 'application/pdf', 'quarantined',"
        " 'officer', '7', now())",
        uuid.uuid4(),
        digest,
        len(content),
    )
    return digest


@pytest.fixture
async def lived_in(database: Stores, documents: Path, sealed: Sealed, now: datetime) -> Stores:
    """Packages with chains, and two scans of which one is there twice."""
    package = await sealed()
    await hand_over(seal_number=package.seal_number, giver=TU, receiver=KIM_SON, now=now)
    await sealed()
    for content in (SCAN, SCAN, b"%PDF-1.7 another"):
        await a_document(content)
    return database


async def test_what_is_restored_is_equal(lived_in: Stores, elsewhere: str, tmp_path: Path) -> None:
    made = await save(lived_in.database_url, tmp_path / "saved", keys=TEST_KEYS, told=quietly)
    assert (made.tables["package"].rows, made.tables["custody_event"].rows, made.contents) == (2, 3, 2)
    assert made.gone == []

    store.open_store(f"file://{tmp_path / 'new documents'}")
    await restore(elsewhere, tmp_path / "saved", keys=TEST_KEYS, told=quietly)
    found = await compare(elsewhere, tmp_path / "saved", told=quietly)

    rows = sum(table.rows for table in made.tables.values())
    assert found == Comparison(len(made.tables), rows, 2, [])
    assert await store.read(hashlib.sha256(SCAN).digest()) == SCAN


def an_identity(path: Path) -> str:
    """An identity file as `age-keygen` writes it; its recipient."""
    identity = pyrage.x25519.Identity.generate()
    path.write_text(f"# created: 2026-11-28\n# public key: {identity.to_public()}\n{identity}\n")
    return str(identity.to_public())


async def test_an_encrypted_backup_comes_back_equal_and_holds_nothing_in_the_clear(
    lived_in: Stores, elsewhere: str, tmp_path: Path
) -> None:
    saved, person = tmp_path / "saved", b"somebody@example.vn"
    await a_document(person)
    recipients = Recipients([an_identity(tmp_path / "ours"), an_identity(tmp_path / "theirs")])
    await save(lived_in.database_url, saved, keys=TEST_KEYS, told=quietly, recipients=recipients)
    closed = [path for path in files_in(saved) if path.name not in {manifest.NAME, manifest.LISTING}]
    assert len(closed) == 1 + 3
    for path in closed:
        said = path.read_bytes()
        assert said.startswith(b"age-encryption.org/v1\n")
        assert not any(clear in said for clear in (SCAN, person, b"PGDMP"))

    store.open_store(f"file://{tmp_path / 'new documents'}")
    theirs = Identities(tmp_path / "theirs")
    await restore(elsewhere, saved, keys=TEST_KEYS, told=quietly, identities=theirs)

    assert (await compare(elsewhere, saved, told=quietly)).differences == []
    assert await store.read(hashlib.sha256(person).digest()) == person


async def test_without_its_identity_nothing_of_an_encrypted_backup_is_written(
    lived_in: Stores, elsewhere: str, tmp_path: Path
) -> None:
    saved, new = tmp_path / "saved", tmp_path / "new documents"
    recipient = an_identity(tmp_path / "ours")
    an_identity(tmp_path / "another")
    await save(
        lived_in.database_url, saved, keys=TEST_KEYS, told=quietly, recipients=Recipients([recipient])
    )
    store.open_store(f"file://{new}")
    for identities, told in (
        (None, f"encrypted for {recipient}. Name its identity file"),
        (Identities(tmp_path / "another"), f"No identity of this file opens .* for {recipient}"),
    ):
        with pytest.raises(BackupError, match=told):
            await restore(elsewhere, saved, keys=TEST_KEYS, told=quietly, identities=identities)
    one = files_in(saved / manifest.CONTENTS)[0]
    os.truncate(one, one.stat().st_size - 1)
    with pytest.raises(BackupError, match=f"{one.name} in the backup cannot be decrypted"):
        await restore(
            elsewhere, saved, keys=TEST_KEYS, told=quietly, identities=Identities(tmp_path / "ours")
        )
    other = await asyncpg.connect(elsewhere)
    try:
        assert await other.fetchval("SELECT to_regclass('document')") is None
    finally:
        await other.close()


def test_what_is_no_key_is_told_and_an_identity_is_never_quoted(tmp_path: Path) -> None:
    secret = str(pyrage.x25519.Identity.generate())
    for text, told in (
        (f"{secret}x\n", "is no identity file"),
        ("# a comment\n\n", "holds no identity"),
    ):
        (tmp_path / "identity").write_text(text)
        with pytest.raises(BackupError, match=told) as refused:
            Identities(tmp_path / "identity")
        assert secret[20:40] not in str(refused.value)
    with pytest.raises(BackupError, match="cannot be read"):
        Identities(tmp_path / "nowhere")
    with pytest.raises(BackupError, match="age1nobody is no recipient"):
        Recipients(["age1nobody"])


@pytest.fixture
def motcua(lived_in: Stores, tmp_path: Path) -> Motcua:
    """`await motcua("backup", FOLDER, on=DATABASE_URL)`: the command's code and what it told."""
    machine = tmp_path / "machine"
    machine.mkdir()
    keys_file = str(_keys_file(machine))

    async def run(*words: str, on: str) -> tuple[int | None, dict[str, Any]]:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "app.cli", *words, "--json",
            env=dict(os.environ) | {
                "DATABASE_URL": on, "REDIS_URL": lived_in.redis_url, "MOTCUA_KEYS_FILE": keys_file,
                "MOTCUA_DATA_DIR": str(machine), "MOTCUA_DOCUMENTS_URL": f"file://{tmp_path / 'documents'}",
            },
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, _ = await process.communicate()
        return process.returncode, json.loads(out)

    return run


async def test_chains_and_journal_verify_after_restoring_and_one_altered_row_is_named(
    lived_in: Stores, elsewhere: str, tmp_path: Path, now: datetime, motcua: Motcua
) -> None:
    """Over the commands, as an operator runs them, and encrypted."""
    await note(action="something.happened", now=now)
    await seal_what_is_written(now=now)
    await sign_head(now=now)
    recipient = an_identity(tmp_path / "identity")
    saved, identity = str(tmp_path / "saved"), str(tmp_path / "identity")
    code, made = await motcua("backup", saved, "--recipient", recipient, on=lived_in.database_url)
    assert (code, made["recipients"]) == (0, [recipient])
    code, found = await motcua("restore", saved, "--identity", identity, "--verify", on=elsewhere)
    assert (code, found["equal"], found["faults"]) == (0, True, [])

    for change, row in (
        ("UPDATE custody_event SET receiver_id = 'thief' WHERE n = 2", "custody_event"),
        ("UPDATE journal SET actor_id = 'somebody'", "journal"),
    ):
        other = await asyncpg.connect(elsewhere)
        await other.execute(f"SET session_replication_role = replica; {change}")
        await other.close()
        code, found = await motcua("audit", "verify", on=elsewhere)
        assert code == 1
        assert row in {fault["row"] for fault in found["faults"]}


async def test_a_restored_table_refuses_what_it_refused_before(
    lived_in: Stores, elsewhere: str, tmp_path: Path
) -> None:
    """Triggers, checks and keys come back too, not rows alone."""
    await save(lived_in.database_url, tmp_path / "saved", keys=TEST_KEYS, told=quietly)
    await restore(elsewhere, tmp_path / "saved", keys=TEST_KEYS, told=quietly)
    catalogue = (
        "SELECT (SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal), (SELECT count(*) FROM"
        " pg_constraint), (SELECT count(*) FROM pg_indexes WHERE schemaname = 'public')"
    )
    assert DB.pool is not None
    other = await asyncpg.connect(elsewhere)
    try:
        assert await other.fetchrow(catalogue) == await DB.pool.fetchrow(catalogue)
        with pytest.raises(asyncpg.PostgresError, match="append only"):
            await other.execute("DELETE FROM journal")
    finally:
        await other.close()


# One after the other in one restored database: what was found before is still found.
ALTERED: Final = (
    ("UPDATE document SET size_bytes = size_bytes + 1", "table document: a row is another"),
    ("SELECT setval('plan_version', 5)", "sequence plan_version: behind"),
    ("CREATE TABLE another (id int)", "table another: not in the backup"),
)


async def test_what_is_altered_after_restoring_is_found(
    lived_in: Stores, elsewhere: str, tmp_path: Path
) -> None:
    assert DB.pool is not None
    await DB.pool.execute("SELECT setval('plan_version', 100)")
    await save(lived_in.database_url, tmp_path / "saved", keys=TEST_KEYS, told=quietly)
    await restore(elsewhere, tmp_path / "saved", keys=TEST_KEYS, told=quietly)
    other = await asyncpg.connect(elsewhere)
    found: set[str] = set()
    for change, told in ALTERED:
        await other.execute(change)
        found.add(told)
        assert set((await compare(elsewhere, tmp_path / "saved", told=quietly)).differences) == found
    await other.execute("DELETE FROM document WHERE size_bytes = 17")
    await other.close()

    found = found - {ALTERED[0][1]} | {"table document: 2 rows instead of 3"}
    assert set((await compare(elsewhere, tmp_path / "saved", told=quietly)).differences) == found


async def test_a_content_that_is_another_or_gone_is_found(
    lived_in: Stores, elsewhere: str, documents: Path, tmp_path: Path
) -> None:
    await save(lived_in.database_url, tmp_path / "saved", keys=TEST_KEYS, told=quietly)
    await restore(elsewhere, tmp_path / "saved", keys=TEST_KEYS, told=quietly)
    one, other = files_in(documents)
    one.write_bytes(b"not it")
    other.unlink()

    found = (await compare(elsewhere, tmp_path / "saved", told=quietly)).differences
    assert sorted(found) == sorted([f"content {one.name}: it is another", f"content {other.name}: missing"])


async def test_a_backup_and_its_restoring_say_what_the_store_had_lost_already(
    lived_in: Stores, elsewhere: str, tmp_path: Path, motcua: Motcua
) -> None:
    lost = await a_document(b"nobody kept this", kept=False)
    made = await save(lived_in.database_url, tmp_path / "saved", keys=TEST_KEYS, told=quietly)
    assert made.gone == [lost.hex()]

    code, found = await motcua("restore", str(tmp_path / "saved"), "--verify", on=elsewhere)

    assert (code, found["equal"], found["gone"]) == (0, True, [lost.hex()])
    assert "\nEqual; 1 content(s) its rows name were missing already when" in _restored(found)
    assert _restored(found | {"gone": []}).endswith("\nEqual.")


async def test_all_a_manifest_tells_of_is_on_the_disk_before_it(
    lived_in: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power cut cannot be played here: what is there, and what not yet, when all is written out."""
    saved, synced = tmp_path / "saved", []
    monkeypatch.setattr(os, "sync", lambda: synced.append({path.name for path in files_in(saved)}))

    await save(lived_in.database_url, saved, keys=TEST_KEYS, told=quietly)

    assert synced == [{manifest.DUMP, manifest.LISTING, *manifest.listed(saved)}]


async def test_a_content_that_is_not_what_its_name_says_is_not_saved(
    lived_in: Stores, documents: Path, tmp_path: Path
) -> None:
    files_in(documents)[0].write_bytes(b"not it")
    with pytest.raises(BackupError, match="not what its name says"):
        await save(lived_in.database_url, tmp_path / "saved", keys=TEST_KEYS, told=quietly)
    with pytest.raises(BackupError, match="holds no whole backup"):
        manifest.read(tmp_path / "saved")


async def test_another_key_file_is_refused_before_anything_is_written(
    lived_in: Stores, elsewhere: str, tmp_path: Path
) -> None:
    await save(lived_in.database_url, tmp_path / "saved", keys=TEST_KEYS, told=quietly)
    others = [
        core_keys.Keys(TEST_KEYS.signing, Keyring({1: b"\x09" * 32}), b"2" * 32, TEST_KEYS.codes, b"4"),
        core_keys.Keys(TEST_KEYS.signing, TEST_KEYS.fields, b"2" * 32, b"\x09" * 32, b"4"),
        core_keys.Keys({"other": "pem"}, TEST_KEYS.fields, b"2" * 32, TEST_KEYS.codes, b"4"),
    ]
    for other in others:
        with pytest.raises(BackupError, match="not the one this backup was made with"):
            await restore(elsewhere, tmp_path / "saved", keys=other, told=quietly)
    await restore(elsewhere, tmp_path / "saved", keys=TEST_KEYS, told=quietly)


async def test_only_an_empty_database_is_restored_into(lived_in: Stores, tmp_path: Path) -> None:
    await save(lived_in.database_url, tmp_path / "saved", keys=TEST_KEYS, told=quietly)
    with pytest.raises(BackupError, match="not empty"):
        await restore(lived_in.database_url, tmp_path / "saved", keys=TEST_KEYS, told=quietly)


@pytest.mark.parametrize("file", [manifest.DUMP, manifest.LISTING])
async def test_a_file_cut_or_changed_is_refused(
    lived_in: Stores, elsewhere: str, tmp_path: Path, file: str
) -> None:
    saved = tmp_path / "saved"
    await save(lived_in.database_url, saved, keys=TEST_KEYS, told=quietly)
    os.truncate(saved / file, (saved / file).stat().st_size - 1)
    with pytest.raises(BackupError, match="not what was written"):
        await restore(elsewhere, saved, keys=TEST_KEYS, told=quietly)
    (saved / file).unlink()
    with pytest.raises(BackupError, match="cannot be read"):
        await restore(elsewhere, saved, keys=TEST_KEYS, told=quietly)


async def test_a_content_missing_from_the_backup_leaves_the_database_empty(
    lived_in: Stores, elsewhere: str, tmp_path: Path
) -> None:
    saved = tmp_path / "saved"
    await save(lived_in.database_url, saved, keys=TEST_KEYS, told=quietly)
    shutil.rmtree(saved / manifest.CONTENTS)
    with pytest.raises(BackupError, match="lacks content"):
        await restore(elsewhere, saved, keys=TEST_KEYS, told=quietly)
    other = await asyncpg.connect(elsewhere)
    try:
        assert await other.fetchval("SELECT to_regclass('document')") is None
    finally:
        await other.close()


async def test_a_backup_of_an_unknown_format_or_into_a_used_folder_is_refused(
    lived_in: Stores, elsewhere: str, tmp_path: Path
) -> None:
    saved = tmp_path / "saved"
    made = await save(lived_in.database_url, saved, keys=TEST_KEYS, told=quietly)
    with pytest.raises(BackupError, match="is not empty"):
        await save(lived_in.database_url, saved, keys=TEST_KEYS, told=quietly)
    manifest.write(saved, msgspec.structs.replace(made, format=99))
    with pytest.raises(BackupError, match="format 99"):
        await restore(elsewhere, saved, keys=TEST_KEYS, told=quietly)
