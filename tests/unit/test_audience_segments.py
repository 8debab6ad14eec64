"""Segments in a file: what a rule means, why somebody is in it, and every mistake with its line."""

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from alerts import bundled
from alerts.audience import lists
from alerts.audience.segments import explain, load, matches
from alerts.errors import ConfigError, Problem
from alerts.model import Condition, Segment, Subscriber, SubscriberId


def person(**given: object) -> Subscriber:
    known: dict[str, object] = {"lists": frozenset({"readers"}), "address_hash": "80" * 16, **given}
    return Subscriber(id=SubscriberId(1), public_id="p", address="anna@example.org", **known)  # type: ignore[arg-type]


Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a file of segments beside the lists `readers` and `staff`."""

    def write(text: str, *, with_lists: bool = True) -> Path:
        if with_lists:
            (tmp_path / "lists").mkdir(exist_ok=True)
            for name in ("readers", "staff"):
                (tmp_path / "lists" / f"{name}.csv").write_text("email\n")
        path = tmp_path / "segments.toml"
        path.write_text(dedent(text), encoding="utf-8")
        return path

    return write


def problems(path: Path) -> list[Problem]:
    with pytest.raises(ConfigError) as wrong:
        load(path)
    return list(wrong.value.problems)


class TestRules:
    def test_everything_that_a_segment_can_say(self, write: Write) -> None:
        path = write("""
            [europe]
            title = "Europe"
            from = ["readers", "staff"]
            include = { region = "europe", topics = ["Politics", "economy"], vip = true, age = 30 }
            sample = 0.5

            [europe.exclude]
            plan = "trial"

            [everybody]
            from = "readers"
        """)
        segments = load(path)
        assert segments["europe"] == Segment(
            name="europe",
            title="Europe",
            sources=("readers", "staff"),
            include=(
                Condition(field="region", values=("europe",)),
                Condition(field="topics", values=("Politics", "economy")),
                Condition(field="vip", values=("true",)),
                Condition(field="age", values=("30",)),
            ),
            exclude=(Condition(field="plan", values=("trial",)),),
            sample=0.5,
        )
        assert segments["everybody"] == Segment(name="everybody", sources=("readers",))

    def test_the_shipped_examples_pick_somebody_and_not_everybody(self) -> None:
        folder = bundled.path("subscribers")
        segments = load(folder / "segments.toml")
        people = [
            person(lists=frozenset({name}), language=row.language, attributes=row.attributes)
            for name, file in lists.files(folder / "lists").items()
            for row in lists.rows(file, [])
        ]
        picked = {name: sum(matches(segments[name], segments, one) for one in people) for name in segments}
        assert {"breaking", "morning"} <= picked.keys()
        for name in ("breaking", "morning", "breaking-europe"):
            assert 0 < picked[name] < len(people), name

    @pytest.mark.parametrize(
        ("language", "there"), [("en", True), ("en-GB", True), ("EN", True), ("eng", False), ("fr", False), ("", False)]
    )
    def test_a_language_means_its_regions_too(self, language: str, there: bool) -> None:
        english = Segment(name="e", sources=("readers",), include=(Condition(field="language", values=("en",)),))
        assert matches(english, {}, person(language=language)) is there

    def test_values_are_compared_without_case_and_composed(self) -> None:
        segment = Segment(name="s", sources=("readers",), include=(Condition(field="city", values=("ZU\u0308RICH",)),))
        assert matches(segment, {}, person(attributes={"city": frozenset({"zürich"})}))

    def test_any_excluded_field_keeps_out(self) -> None:
        both = (Condition(field="plan", values=("trial",)), Condition(field="list", values=("staff",)))
        segment = Segment(name="s", sources=("readers",), exclude=both)
        assert matches(segment, {}, person())
        assert not matches(segment, {}, person(attributes={"plan": frozenset({"trial"})}))
        assert not matches(segment, {}, person(lists=frozenset({"readers", "staff"})))

    def test_a_sample_is_stable_nested_and_about_its_share(self) -> None:
        people = [person(address_hash=f"{number * 2654435761 % 2**32:08x}{'0' * 24}") for number in range(2000)]

        def picked(share: float) -> set[str]:
            segment = Segment(name="s", sources=("readers",), sample=share)
            return {one.address_hash for one in people if matches(segment, {}, one)}

        assert picked(0.1) < picked(0.5) < picked(1)
        assert len(picked(0.1)) == pytest.approx(200, abs=40)
        assert (len(picked(0)), len(picked(1))) == (0, 2000)


def test_an_explanation_names_every_part_of_the_rule() -> None:
    segments = {
        "europe": Segment(
            name="europe", sources=("readers",), include=(Condition(field="region", values=("europe", "asia")),)
        ),
        "news": Segment(
            name="news",
            sources=("europe", "staff"),
            exclude=(Condition(field="plan", values=("trial",)),),
            sample=0.25,
        ),
    }
    anna = person(attributes={"region": frozenset({"africa"}), "plan": frozenset({"trial"})})
    found = explain(segments["news"], segments, anna)
    assert not found.matches
    assert found.lines == (
        "from segment europe: not in it",
        "  from list readers: on it",
        "  include region = europe or asia: no, has africa",
        "from list staff: not on it",
        "exclude plan = trial: keeps out, has trial",
        "sample 25.00%: not in it",
    )
    assert explain(segments["europe"], segments, person(attributes={"region": frozenset({"asia"})})).matches


class TestMistakes:
    def test_all_are_told_at_once_each_with_line_and_remedy(self, write: Write) -> None:
        path = write("""\
            [breaking]
            from = ["raeders", "staff"]
            inclde = { region = "europe" }
            sample = 7

            [morning]
            title = "Morning"
            include = { topics = [] }

            [Weekend]
            from = "readers"
        """)
        found = [(problem.line, problem.path, problem.text, problem.remedy) for problem in problems(path)]
        assert found == [
            (2, "breaking.from", '"raeders" is unknown', 'did you mean "readers"?'),
            (3, "breaking.inclde", "is not a key", "did you mean include?"),
            (4, "breaking.sample", "must be a share from 0 to 1", "0.1 picks a tenth, always the same people"),
            (6, "morning.from", "is missing", 'name lists or other segments, such as ["readers"]'),
            (
                8,
                "morning.include.topics",
                "must be a value or several",
                'such as "europe" or ["europe", "asia"]',
            ),
            (10, "Weekend", "is no name for a segment", "use small letters, digits and hyphens"),
        ]

    @pytest.mark.parametrize(
        ("text", "path", "words"),
        [
            ("title = 'x'", "title", "stands outside of a segment"),
            ("[a]\nfrom = []", "a.from", "names of lists"),
            ("[a]\nfrom = 3", "a.from", "names of lists"),
            ("[a]\nfrom = 'readers'\ntitle = 3", "a.title", "text on one line"),
            ("[a]\nfrom = 'readers'\ninclude = 'europe'", "a.include", "fields with values"),
            ("[a]\nfrom = 'readers'\ninclude = { r = 2026-01-01 }", "a.include.r", "a value or several"),
            ("[a]\nfrom = 'readers'\nsample = true", "a.sample", "share"),
            ("[a]\nfrom = 'readers'\nexclude = { list = 'stuff' }", "a.exclude.list", '"stuff" is unknown'),
            ("[a]\nfrom = 'readers'\ninclude = { segment = 'b' }", "a.include.segment", '"b" is unknown'),
            ("[readers]\nfrom = 'readers'", "readers.from", "is a list and a segment"),
        ],
    )
    def test_each_names_its_place(self, write: Write, text: str, path: str, words: str) -> None:
        found = problems(write(text))
        assert [(problem.path, words in problem.text) for problem in found] == [(path, True)]
        assert found[0].remedy
        assert found[0].line

    def test_segments_that_go_round_in_a_circle(self, write: Write) -> None:
        (problem,) = problems(
            write("""\
                [a]
                from = "b"
                [b]
                from = "readers"
                exclude = { segment = "c" }
                [c]
                from = ["a", "readers"]
            """)
        )
        assert (problem.line, problem.text) == (2, "goes round in a circle: a → b → c → a")

    def test_a_segment_made_of_itself(self, write: Write) -> None:
        assert "circle: a → a" in problems(write('[a]\nfrom = "a"'))[0].text

    def test_where_people_are_not_in_the_checkout_any_list_may_be_named(self, write: Write) -> None:
        path = write('[a]\nfrom = "vips"\n[b]\nfrom = "a"\n', with_lists=False)
        assert load(path)["a"].sources == ("vips",)

    def test_lists_of_the_database_may_be_named(self, write: Write) -> None:
        path = write('[a]\nfrom = ["imported", "signup"]\n')
        assert len(problems(path)) == 1
        assert load(path, known_lists=["imported"])["a"].sources == ("imported", "signup")

    def test_no_file_no_toml_no_text(self, tmp_path: Path) -> None:
        path = tmp_path / "segments.toml"
        with pytest.raises(ConfigError, match="there are no segments here"):
            load(path)
        path.write_text("[a\n")
        with pytest.raises(ConfigError, match="not TOML"):
            load(path)
        path.write_bytes(b"[a]\ntitle = '\xe9'\n")
        with pytest.raises(ConfigError, match="cannot be read"):
            load(path)
