"""An editor asks what is wrong with a mail before anybody gets it."""

from tests.features.newsroom import ARTICLE, Newsroom


def test_every_finding_names_its_place_its_code_and_what_to_do(newsroom: Newsroom) -> None:
    said = newsroom.run("preflight", "article.txt", "-s", "breaking", "--no-spam").ok()
    assert said.out.strip() == "nothing found"

    (newsroom.folder / "bad.txt").write_text(ARTICLE.replace("About 1,200", "Dear %name%, about 1,200"), "utf-8")
    refused = newsroom.run("preflight", "bad.txt", "-s", "breaking", "--no-links", "--no-spam", "--json")
    assert refused.code == 6
    # It is printed twice: the second sentence is also what the inbox shows.
    assert [one["place"] for one in refused.json] == ["preheader", "story 1, sentence 2"]
    assert {(one["code"], one["severity"]) for one in refused.json} == {("leftover", "error")}
    assert all(one["remedy"] for one in refused.json)
    shown = newsroom.run("preflight", "bad.txt", "-s", "breaking", "--no-spam")
    assert "error: story 1, sentence 2: a merge field was left over: %name%; take it out of the text" in shown.out
    assert shown.out.count("[leftover]") == 2


def test_what_forbids_sending_is_asked_by_send_itself(newsroom: Newsroom) -> None:
    (newsroom.folder / "bad.txt").write_text(ARTICLE.replace("About 1,200", "Dear %name%, about 1,200"), "utf-8")
    refused = newsroom.run("send", "bad.txt", "-s", "breaking", "--yes")
    assert refused.code == 6
    assert "a merge field was left over: %name%" in refused.err
    assert not list((newsroom.folder / "outbox").rglob("*.eml"))
