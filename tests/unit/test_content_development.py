"""What develops a story that was told: the whole article behind the link counts as told, and headlines may be brief."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from alerts.content import breaking, editions
from alerts.content.breaking import develops
from alerts.content.summaries.summary import summarise
from alerts.model import Article, ArticleId, Edition, Level, Outlet, Story, StoryId, Verdict

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def article(title: str, *paragraphs: str, minutes: float = 0) -> Article:
    at = NOW + timedelta(minutes=minutes)
    return Article(
        id=ArticleId(title),
        url=f"https://herald.example/{len(title)}",
        title=title,
        paragraphs=paragraphs,
        outlet="The Harwick Herald",
        language="en",
        published_at=at,
        seen_at=at,
        content_hash=title,
    )


def story(*articles: Article) -> Story:
    return Story(
        id=StoryId("s"), lead=articles[-1], articles=articles, first_seen_at=NOW, last_seen_at=articles[-1].seen_at
    )


def told(articles: Sequence[Article]) -> Edition:
    before = story(*articles)
    assert before.lead is not None
    return editions.alert(before, summarise([before.lead]), segments=["breaking"], made_at=NOW + timedelta(minutes=1))


LANDING = article(
    "Airliner makes emergency landing at Harwick airport",
    "An airliner with 180 people aboard made an emergency landing at Harwick airport after an engine caught fire.",
    "All passengers left the aircraft on slides, the airport said.",
    "Nine were slightly injured.",
)
LEAK = article(
    "Gas leak at Harwick chemical works, 3,000 people evacuated",
    "About 3,000 people were told to leave their homes after chlorine gas leaked at the chemical works in Harwick.",
)


def test_what_stands_in_the_linked_article_but_not_in_the_mail_is_told() -> None:
    assert develops(story(LANDING), [told([LANDING])]) is None
    again = article(
        "Airliner lands in Harwick with burning engine, nine injured",
        "Nine people were injured when an airliner landed at Harwick airport with a burning engine.",
        minutes=20,
    )
    assert develops(story(LANDING, again), [told([LANDING])]) is None


def test_a_toll_is_news_although_a_time_of_day_has_the_same_number() -> None:
    before = article(
        "Ferry runs aground off Harwick, three dead",
        "Three people were killed when a ferry struck the Grey Rocks off Harwick at 19:40 in thick fog.",
    )
    risen = article("Death toll of Harwick ferry rises to 19", "The death toll of the ferry rose to 19.", minutes=20)
    assert develops(story(before, risen), [told([before])]) == "a number grew: 3 dead before, now 19"


def test_what_was_written_into_the_linked_article_since_is_not_told() -> None:
    rewritten = replace(
        LANDING,
        title="Two die after airliner's emergency landing at Harwick airport",
        updated_at=NOW + timedelta(minutes=40),
    )
    assert "2 dead" in (develops(story(rewritten), [told([LANDING])]) or "")


def test_a_headline_that_turns_the_story_is_news_although_most_of_its_words_are_known() -> None:
    over = article(
        "Gas leak at Harwick chemical works over, people return",
        "The gas leak at the chemical works in Harwick is over and the 3,000 people may return to their homes.",
        minutes=60,
    )
    assert "return" in (develops(story(LEAK, over), [told([LEAK])]) or "")


OUTLETS = {"The Harwick Herald": Outlet(name="The Harwick Herald", trust=0.9)}


def judged(*articles: Article, hours: float) -> Verdict:
    now = NOW + timedelta(hours=hours)
    return breaking.judge(story(*articles), outlets=OUTLETS, policy=breaking.BreakingPolicy(), now=now)


def names(verdict: Verdict) -> set[str]:
    return {signal.name for signal in verdict.signals}


def test_an_old_story_that_turns_is_news_from_its_turn() -> None:
    vote = article("Calder Islands vote in close election", "Polls close at eight tonight in the Calder Islands.")
    again = article("Long queues as Calder Islands vote", "Many wait to vote in the Calder Islands.", minutes=170)
    result = article("Opposition wins Calder Islands election", "The opposition won the election.", minutes=170)
    assert "age" in names(judged(vote, again, hours=3))
    assert "age" not in names(judged(vote, result, hours=3))


def test_an_old_story_whose_toll_jumps_is_news_from_then() -> None:
    first = article("Quake in Tarvia kills 17", "An earthquake killed 17 people in Tarvia.")
    same = article("Quake in Tarvia: 19 dead", "Nineteen people are dead after the quake in Tarvia.", minutes=290)
    worse = article("Quake in Tarvia: 45 dead", "The number of dead in Tarvia has jumped to 45.", minutes=290)
    assert judged(first, same, hours=5).level is Level.DIGEST_ONLY
    assert "age" not in names(judged(first, worse, hours=5))


def test_what_is_paid_for_never_alerts_whatever_it_calls_itself() -> None:
    advert = replace(article("BREAKING: Prices crash this weekend", "Sofas from 199."), categories=("Sponsored",))
    labelled = article("BREAKING: Prices crash this weekend", "Advertisement feature. Sofas from 199.")
    news = article("BREAKING: Bridge collapses at Marlow", "A bridge collapsed at Marlow.")
    for told_as, gate in ((advert, "paid"), (labelled, "paid"), (news, "")):
        one = story(told_as)
        policy = breaking.BreakingPolicy()
        one = replace(one, verdict=breaking.judge(one, outlets=OUTLETS, policy=policy, now=NOW))
        ruling = breaking.rule(
            one,
            outlets=OUTLETS,
            policy=policy,
            alerting=breaking.Alerting(),
            history=breaking.History(),
            now=NOW,
        )
        assert (ruling.stopped_by.name if ruling.stopped_by else "") == gate
