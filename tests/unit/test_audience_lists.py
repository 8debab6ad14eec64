"""Lists as people really save them: what is read, what is reported, what is refused."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from alerts import bundled
from alerts.audience import lists
from alerts.errors import ConfigError, Problem
from alerts.model import ListRow


def read(folder: Path, content: str | bytes) -> tuple[list[ListRow], list[Problem]]:
    path = folder / "readers.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    problems: list[Problem] = []
    return list(lists.rows(path, problems)), problems


def addresses(found: list[ListRow]) -> list[str]:
    return [row.address for row in found]


class TestGoodFiles:
    def test_every_column_arrives(self, tmp_path: Path) -> None:
        found, problems = read(
            tmp_path,
            "Email,Name,Language,Timezone,Joined,Region,Topics\n"
            'Anna@Example.org,"Lee, Anna",pt_br,Europe/Paris,2026-03-31, Europe ,Politics| Économie |\n',
        )
        assert problems == []
        assert found == [
            ListRow(
                address="Anna@example.org",
                name="Lee, Anna",
                language="pt-BR",
                timezone="Europe/Paris",
                joined_at=datetime(2026, 3, 31, tzinfo=UTC),
                attributes={"region": frozenset({"europe"}), "topics": frozenset({"politics", "économie"})},
            )
        ]

    @pytest.mark.parametrize("delimiter", [",", ";", "\t"])
    @pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
    @pytest.mark.parametrize("mark", ["", "\ufeff"])
    def test_it_does_not_matter_which_program_saved_it(
        self, tmp_path: Path, delimiter: str, newline: str, mark: str
    ) -> None:
        lines = ["email,region", "anna@example.org,europe", "", "bert@example.org,", ","]
        found, problems = read(tmp_path, mark + newline.join(lines).replace(",", delimiter))
        assert (addresses(found), problems) == (["anna@example.org", "bert@example.org"], [])

    def test_empty_columns_at_the_end_are_a_spreadsheets_habit(self, tmp_path: Path) -> None:
        found, problems = read(tmp_path, "email,region,,\nanna@example.org,europe,,\n")
        assert (addresses(found), problems) == (["anna@example.org"], [])

    def test_names_in_any_script(self, tmp_path: Path) -> None:
        found, _ = read(tmp_path, "email,name,المنطقة\nanna@example.org,عائشة,أوروبا\n")
        assert found[0].name == "عائشة"
        assert found[0].attributes == {"المنطقة": frozenset({"أوروبا"})}

    def test_the_shipped_examples_are_without_fault(self) -> None:
        for path in lists.files(bundled.path("subscribers") / "lists").values():
            problems: list[Problem] = []
            assert list(lists.rows(path, problems))
            assert problems == []


class TestBadRows:
    @pytest.mark.parametrize(
        ("row", "words"),
        [
            ("anna@@example.org,x,europe", "no address"),
            (",x,europe", "there is no address"),
            ("x,anna@example.org,europe", '"x" is no address'),
            ("anna@example.org,x", "has 2 columns, the header 3"),
            ("anna@example.org,x,europe,more", "has 4 columns, the header 3"),
            ('anna@example.org,"x"y,europe', "cannot be read"),
            ('anna@example.org,"x\ny",europe', "over several lines"),
            ("anna@example.org,x\0,europe", ""),
            ("GOOD@example.org,x,europe", "stands on line 2 already"),
        ],
    )
    def test_the_line_is_named_and_its_neighbours_are_used(self, tmp_path: Path, row: str, words: str) -> None:
        found, problems = read(
            tmp_path, f"email,name,region\ngood@example.org,G,asia\n{row}\nlast@example.org,L,asia\n"
        )
        assert addresses(found) == ["good@example.org", "last@example.org"]
        assert [problem.line for problem in problems] == [3]
        assert words in problems[0].text
        assert problems[0].remedy

    @pytest.mark.parametrize(
        ("column", "value", "words"),
        [
            ("timezone", "Paris", 'timezone "Paris" is not a time zone'),
            ("language", "English, please", "is not a language"),
            ("joined", "31.03.2026", 'joined "31.03.2026" is not a date'),
            ("name", "x" * 500, "is not a name: too long"),
            ("region", "x" * 500, "region has a value of more than 400 characters"),
        ],
    )
    def test_a_wrong_detail_costs_the_detail_not_the_reader(
        self, tmp_path: Path, column: str, value: str, words: str
    ) -> None:
        found, problems = read(tmp_path, f'email,{column}\nanna@example.org,"{value}"\n')
        assert found == [ListRow(address="anna@example.org")]
        assert [(problem.line, words in problem.text) for problem in problems] == [(2, True)]

    def test_two_spellings_of_one_person_count_once(self, tmp_path: Path) -> None:
        found, problems = read(tmp_path, "email\njose\u0301@example.org\nJOSÉ@example.org\n")
        assert (len(found), [problem.line for problem in problems]) == (1, [3])

    def test_lines_are_counted_as_an_editor_counts_them(self, tmp_path: Path) -> None:
        _, problems = read(tmp_path, 'email,name\n\nanna@example.org,"a\nb"\n\nbad,\n')
        assert [problem.line for problem in problems] == [3, 6]


class TestRefusedFiles:
    @pytest.mark.parametrize(
        ("content", "line", "words", "remedy"),
        [
            (b"", 1, "the file is empty", "email,name"),
            (b"\n\n", 1, "the first line is empty", "email,name"),
            (b"anna@example.org,Anna\nbert@example.org,Bert\n", 1, "there is no header", "email,name"),
            (b"E-mail,Name\nanna@example.org,Anna\n", 1, 'no column is called "email"', 'rename the column "E-mail"'),
            (b"emial,name\nanna@example.org,Anna\n", 1, 'no column is called "email"', 'rename the column "emial"'),
            (b"address\nanna@example.org\n", 1, 'no column is called "email"', "call the column"),
            (b"email,Region,region\nanna@example.org,a,b\n", 1, 'two columns are called "region"', "rename"),
            (b"email,,region\nanna@example.org,a,b\n", 1, "column 2 has no usable name", "name it"),
            ("email,name\na@example.org,A\nb@example.org,Andr\u00e9\n".encode("cp1252"), 3, "byte 0xe9", "UTF-8"),
            ("email,name\na@example.org,A\n".encode("utf-16"), 1, "UTF-16", "UTF-8"),
            (b'email,name\na@example.org,A\nb@example.org,"B\nc@example.org,C\n', 3, "never closed", "close it"),
            (b"SQLite format 3\0\x10\0\x01\x01", 1, "is not text", "UTF-8"),
        ],
    )
    def test_a_file_that_cannot_be_trusted_is_refused_whole(
        self, tmp_path: Path, content: bytes, line: int, words: str, remedy: str
    ) -> None:
        with pytest.raises(ConfigError) as refused:
            read(tmp_path, content)
        (problem,) = refused.value.problems
        assert problem.file.endswith("readers.csv")
        assert problem.line == line
        assert words in problem.text
        assert remedy in problem.remedy

    def test_a_missing_file_and_a_folder(self, tmp_path: Path) -> None:
        (tmp_path / "folder.csv").mkdir()
        for name in ("missing.csv", "folder.csv"):
            with pytest.raises(ConfigError, match=f"{name}: cannot be read"):
                list(lists.read(tmp_path / name))

    @pytest.mark.parametrize("name", ["signup", "Our Readers", "léna"])
    def test_a_file_that_cannot_be_a_list_is_refused(self, tmp_path: Path, name: str) -> None:
        (tmp_path / f"{name}.csv").write_text("email\n")
        with pytest.raises(ConfigError) as refused:
            lists.files(tmp_path)
        assert name in str(refused.value.problems[0])


def test_a_fingerprint_tells_files_apart(tmp_path: Path) -> None:
    one, other = tmp_path / "one.csv", tmp_path / "other.csv"
    one.write_text("email\n")
    other.write_text("email\nanna@example.org\n")
    assert lists.fingerprint(one) == lists.fingerprint(one) != lists.fingerprint(other)
