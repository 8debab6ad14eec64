"""The outbox: whole files or none, each mail once, and a disk that has no room."""

import subprocess
import sys
import threading
from pathlib import Path

from alerts.model import DeliveryId, EditionId, OutcomeKind
from alerts.ports import Found, Provider
from alerts.provider import open_provider
from tests.provider_samples import EDITION, SUBMISSION, outbox_table, readers, variant

ROOT = Path(__file__).parents[2]


def outbox(folder: Path) -> Provider:
    return open_provider(outbox_table(Path("outbox")), folder)


def test_each_edition_has_a_folder_and_each_delivery_a_file(tmp_path: Path) -> None:
    outcomes = list(outbox(tmp_path).submit(variant(), readers(2), submission=SUBMISSION, edition=EDITION))
    assert [outcome.provider_ref for outcome in outcomes] == [f"{EDITION}/1.eml", f"{EDITION}/2.eml"]
    assert sorted(path.name for path in (tmp_path / "outbox" / EDITION).iterdir()) == ["1.eml", "2.eml"]
    # It holds addresses.
    assert (tmp_path / "outbox").stat().st_mode & 0o077 == 0


def test_a_mail_that_lies_there_is_never_written_again(tmp_path: Path) -> None:
    provider = outbox(tmp_path)
    list(provider.submit(variant(), readers(1), submission=SUBMISSION, edition=EDITION))
    file = tmp_path / "outbox" / EDITION / "1.eml"
    before = file.read_bytes()
    again = list(provider.submit(variant("Another subject"), readers(1), submission=SUBMISSION, edition=EDITION))
    assert again[0].kind is OutcomeKind.ACCEPTED
    assert file.read_bytes() == before


def test_two_at_once_write_one_file(tmp_path: Path) -> None:
    def work() -> None:
        list(outbox(tmp_path).submit(variant(), readers(20), submission=SUBMISSION, edition=EDITION))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(list((tmp_path / "outbox" / EDITION).iterdir())) == 20


def test_before_the_first_mail_everything_is_absent(tmp_path: Path) -> None:
    assert outbox(tmp_path).look_up(SUBMISSION, [DeliveryId(1)]) == {1: Found.ABSENT}


def test_an_edition_cannot_lead_out_of_the_outbox(tmp_path: Path) -> None:
    outcomes = outbox(tmp_path).submit(variant(), readers(1), submission=SUBMISSION, edition=EditionId("../../etc"))
    assert [outcome.kind for outcome in outcomes] == [OutcomeKind.REJECTED]
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_busy_and_leaves_no_half_file(tmp_path: Path) -> None:
    """The system refuses to write more than a few bytes to a file, as a full disk would."""
    script = f"""
import resource, signal
from pathlib import Path
from alerts.provider import open_provider
from tests.provider_samples import EDITION, SUBMISSION, outbox_table, readers, variant
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
provider = open_provider(outbox_table(Path("outbox")), Path({str(tmp_path)!r}))
mail, people = variant(), readers(3)
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
for outcome in provider.submit(mail, people, submission=SUBMISSION, edition=EDITION):
    print(outcome.kind.value, outcome.reason)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout.splitlines() == ["busy cannot write to the outbox: File too large"] * 3, done.stderr
    assert [path for path in (tmp_path / "outbox").rglob("*") if path.is_file()] == []
