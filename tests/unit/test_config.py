"""Settings: what an editor writes is understood, or every mistake is named at once."""

from datetime import timedelta
from pathlib import Path

import pytest

from alerts import config
from alerts.errors import ConfigError


def load(folder: Path, text: str) -> config.Config:
    file = folder / "config.toml"
    file.write_text(text, encoding="utf-8")
    return config.load(file)


def mistakes(folder: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(folder, text)
    return [str(problem) for problem in caught.value.problems] or [str(caught.value)]


def test_an_empty_file_is_a_newsroom_with_an_outbox(tmp_path: Path) -> None:
    found = load(tmp_path, "")
    assert found.provider.use == "outbox"
    assert found.delivery.alert_expires == timedelta(minutes=90)
    assert found.base == tmp_path


def test_rehearsal_ends_when_its_line_is_deleted(tmp_path: Path) -> None:
    assert load(tmp_path, '[provider]\nonly_to = ["me@example.org"]').rehearsal
    assert load(tmp_path, "[provider]\nonly_to = []").rehearsal, "an empty list lets nobody through"
    assert not load(tmp_path, "[provider]").rehearsal


def test_digests_read_their_times_days_and_segments(tmp_path: Path) -> None:
    found = load(
        tmp_path, '[[digests]]\nname = "m"\nat = ["07:00", "18:30"]\ndays = "mon, thu"\nsegment = "m"\ndraft = "30m"'
    )
    digest = found.digest("m")
    assert digest.at == ("07:00", "18:30")
    assert config.day_names(digest.days) == {0, 3}
    assert digest.segment == ("m",)
    assert digest.draft == timedelta(minutes=30)
    with pytest.raises(ConfigError, match='no digest "evening"'):
        found.digest("evening")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[newsroom]\ntimezone = "Europe/Pariss"', 'config.toml:2: newsroom.timezone: "Europe/Pariss" is no IANA'),
        ('[sender]\naddress = "nobody"', "config.toml:2: sender.address: must be an e-mail address"),
        ('[sender]\nname = "a\\nBcc: x@y"', "config.toml:2: sender.name: must be text on one line"),
        ('[delivery]\nlease = "soon"', "config.toml:2: delivery.lease: must be a duration"),
        ('[delivery]\nlease = "99999999999d"', "config.toml:2: delivery.lease: is longer than anything lasts"),
        ('[[digests]]\nname = "m"\nat = "07:00"\ndays = "often"\nsegment = "m"', 'days = "often" is not understood'),
        ('[[digests]]\nname = "m"\nat = "07:00"', "config.toml:1: digests.0.segment: Field required"),
        ('[[outlets]]\nname = "a"\n[[outlets]]\nname = "a"', 'outlets: the name "a" is used twice'),
        ('[[outlets]]\nname = "a"\nfeeds = [""]', "config.toml:3: outlets.0.feeds.0: must be the address or the file"),
        (
            '[[outlets]]\nname = "a"\nfeeds = ["https://[host]/f"]',
            '"https://[host]/f" is no address that can be polled',
        ),
        ('[[outlets]]\nname = "a"\nfeeds = ["ftp://a.example/f"]', "is no address that can be polled"),
        ('[[outlets]]\nname = "a"\nfeeds = ["https://u:p@a.example/f"]', "must not hold a name or password"),
        (
            '[[outlets]]\nname = "a"\nfeeds = ["/f"]\n[[outlets]]\nname = "b"\nrelation = "watched"\nfeeds = ["/f"]',
            'config.toml:7: outlets.1.feeds: /f is a feed of "a" already',
        ),
        ('[fetching]\nallow_private = ["http://cms:8080/"]', "fetching.allow_private.0: must be a host without scheme"),
        ("[breaking]\nreview_score = 9", "config.toml:2: breaking.review_score: is above alert_score"),
        ("[newsroom\n", "not TOML"),
    ],
)
def test_mistakes_name_file_line_and_key(tmp_path: Path, text: str, said: str) -> None:
    assert any(said in mistake for mistake in mistakes(tmp_path, text)), mistakes(tmp_path, text)


def test_mistakes_in_the_second_of_two_tables_point_there(tmp_path: Path) -> None:
    text = '[[digests]]\nname = "a"\nat = "07:00"\nsegment = "a"\n\n'
    text += '[[digests]]\nname = "b"\nat = "07:00"\nmax = 3\nsegment = "b"\n'
    assert any(mistake.startswith(f"{tmp_path}/config.toml:9: digests.1.max") for mistake in mistakes(tmp_path, text))


def test_secrets_come_from_the_environment_or_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "key").write_text("from the file\n")
    monkeypatch.setenv("THE_KEY", "from the environment")
    assert config.Secret(file=Path("key")).read(base=tmp_path, what="x") == "from the file"
    assert config.Secret(env="THE_KEY").read(base=tmp_path, what="x") == "from the environment"
    monkeypatch.delenv("THE_KEY")
    with pytest.raises(ConfigError, match="THE_KEY is not set"):
        config.Secret(env="THE_KEY").read(base=tmp_path, what="x")
    with pytest.raises(ConfigError, match="cannot read"):
        config.Secret(file=Path("gone")).read(base=tmp_path, what="x")


def test_feed_files_are_found_beside_the_configuration(tmp_path: Path) -> None:
    found = load(tmp_path, '[[outlets]]\nname = "a"\nfeeds = ["feeds/a.xml", "https://a.example/rss"]')
    assert found.all_outlets[0].feeds == (str(tmp_path / "feeds/a.xml"), "https://a.example/rss")
