"""Editions that show what the shipped templates can do. The news in them is invented."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from alerts.model import Correction, Edition, EditionId, Entry, Image, Kind, Mailbox, Sentence, StoryId, Urgency
from alerts.templating.theme import Brand

BRAND = Brand(
    name="The Harbour Post",
    site="https://news.example.org",
    postal_address="The Harbour Post, 12 Quay Street, Port Ellery PE1 4QS",
)
SENDER = Mailbox(address="alerts@news.example.org", name="The Harbour Post")
WHY_ALERT = "You get this because you subscribed to Breaking news."
WEB_URL = "https://news.example.org/w/c2FtcGxl.d2Vi"
WHY_DIGEST = "You get this because you subscribed to The Morning Tide."

_MADE_AT = datetime(2026, 3, 3, 9, 40, tzinfo=UTC)


def _sentences(*texts: str) -> tuple[Sentence, ...]:
    return tuple(Sentence(text=text) for text in texts)


_FERRY = Entry(
    headline="Ferry with 214 aboard runs aground off Port Ellery; all passengers safe",
    sentences=_sentences(
        "The car ferry Aldous struck a sandbank in thick fog at 08:55 and is upright, the coastguard said.",
        "Lifeboats have begun to bring all 214 passengers and crew ashore; two people were treated for bruises.",
    ),
    url="https://news.example.org/2026/03/03/ferry-aground",
    outlet="The Harbour Post",
    section="Region",
    published_at=_MADE_AT,
    image=Image(
        url="https://images.example.org/ferry.svg",
        alt="A white ferry lies still on a grey sea, a lifeboat beside it",
        caption="The Aldous off Port Ellery this morning.",
        credit="Photo: M. Okafor",
    ),
    story=StoryId("ferry"),
)
#: as the alert tells it
_FERRY_TOLD = replace(
    _FERRY,
    known=_sentences(
        "The Aldous carried 198 passengers and a crew of 16.",
        "She is upright and has not lost any fuel.",
    ),
    unknown=_sentences("Whether she can be freed at high water.", "Why she left the marked channel."),
    outlets=("The Harbour Post", "Valley Courier", "Ashby Radio", "Coast Weekly"),
)

ALERT = Edition(
    id=EditionId("sampleferry1"),
    kind=Kind.ALERT,
    urgency=Urgency.ALERT,
    key="alert/ferry/r1",
    told_key="alert/ferry/r1",
    subject="Breaking: Ferry with 214 aboard runs aground",
    preheader="The Aldous struck a sandbank in fog off Port Ellery. Lifeboats are bringing everybody ashore.",
    entries=(_FERRY_TOLD,),
    segments=("breaking",),
    made_at=_MADE_AT,
)

FLASH = Edition(
    id=EditionId("sampleflash1"),
    kind=Kind.ALERT,
    urgency=Urgency.FLASH,
    key="alert/flash/r1",
    told_key="alert/flash/r1",
    subject="Breaking: Prime minister resigns",
    preheader="Elena Marsh announced it in a speech at noon. More soon.",
    entries=(
        Entry(
            headline="Prime minister Elena Marsh resigns",
            sentences=_sentences("She announced it in a speech to parliament at noon. More soon."),
            unknown=_sentences("Who will lead the government until there is a successor."),
        ),
    ),
    segments=("breaking",),
    made_at=_MADE_AT,
)


def _of_kind(kind: Kind, subject: str, preheader: str, *texts: str, correction: Correction | None = None) -> Edition:
    entry = Entry(
        headline=_FERRY.headline,
        sentences=_sentences(*texts),
        url=_FERRY.url,
        outlet=_FERRY.outlet,
        story=_FERRY.story,
        correction=correction,
    )
    return Edition(
        id=EditionId(f"sample{kind.value}"),
        kind=kind,
        key=f"{kind.value}/ferry/r2",
        told_key=f"{kind.value}/ferry/r2",
        subject=subject,
        preheader=preheader,
        entries=(entry,),
        segments=("breaking",),
        made_at=_MADE_AT + timedelta(minutes=95),
    )


UPDATE = _of_kind(
    Kind.UPDATE,
    "Update: All 214 are ashore after ferry ran aground",
    "The last lifeboat is in. Tugs will try to free the Aldous this evening.",
    "The last lifeboat reached Port Ellery at 11:20, the coastguard said.",
    "Tugs will try to free the Aldous at high water this evening.",
)
_WRONG = Correction(
    wrong="The ferry that ran aground off Port Ellery has 241 people aboard.",
    right="There were 214. Two figures were swapped in our newsroom; we are sorry.",
    wrong_at=_MADE_AT,
)
CORRECTION = _of_kind(
    Kind.CORRECTION,
    "Correction: Ferry carried 214 people, not 241",
    "Our alert at 09:40 gave a wrong number. Everybody is ashore.",
    "All of them are ashore; two were treated for bruises.",
    correction=_WRONG,
)
WITHDRAWAL = _of_kind(
    Kind.WITHDRAWAL,
    "Withdrawn: our alert on a ferry off Port Ellery",
    "No ferry ran aground. What we reported at 09:40 was an exercise.",
    "We have withdrawn the alert that we sent at 09:40.",
    "The report came from an exercise of the coastguard; no ferry ran aground.",
)

CONFIRMATION = Edition(
    id=EditionId("sampleconfirm"),
    kind=Kind.CONFIRMATION,
    key="confirmation/morning",
    told_key="confirmation/morning",
    subject="Please confirm: The Morning Tide",
    preheader="Press the button, and The Morning Tide comes to you from tomorrow on.",
    entries=(),
    segments=(),
    scope="digest:morning",
    title="The Morning Tide",
    made_at=_MADE_AT,
)


def _story(section: str, outlet: str, headline: str, *texts: str) -> Entry:
    slug = "-".join(headline.lower().split()[:4])
    return Entry(
        headline=headline,
        sentences=_sentences(*texts),
        url=f"https://news.example.org/2026/03/03/{slug}",
        outlet=outlet,
        section=section,
        published_at=_MADE_AT,
    )


_POST, _VALLEY = "The Harbour Post", "Valley Courier"

DIGEST = Edition(
    id=EditionId("samplemorning"),
    kind=Kind.DIGEST,
    key="digest/morning/2026-03-03/07:00/Europe/London",
    told_key="digest/morning/2026-03-03/07:00/Europe/London",
    subject="Ferry passengers safe; water prices to rise by 9%",
    preheader="Also: a school wins its bus back, and the oldest lighthouse is for sale.",
    entries=(
        replace(_FERRY, alerted_at=datetime(2026, 3, 2, 21, 5, tzinfo=UTC), outlets=(_POST, _VALLEY)),
        _story(
            "Region",
            _POST,
            "Water prices to rise by 9% from April",
            "The regulator approved the increase, the third in four years.",
            "A household will pay about £38 more a year.",
        ),
        _story(
            "Politics",
            _VALLEY,
            "Council votes to keep the night buses, by one vote",
            "The lines to Ashby and Coldwater run for another year.",
            "The mayor called the result “a good night for people who work late”.",
        ),
        _story(
            "Politics",
            _POST,
            "Two candidates remain for the harbour board",
            "Ines Calder and Tom Hallam face each other in the run-off on 15 March.",
        ),
        _story(
            "Politics",
            _VALLEY,
            "Border checks at the tunnel end in June",
            "Ministers of both countries signed the agreement in Port Ellery on Monday.",
        ),
        _story(
            "Business",
            _POST,
            "Shipyard takes on 300 apprentices",
            "It is the largest intake since 1998.",
            "Applications close on 30 April.",
        ),
        _story(
            "Business",
            _POST,
            "Fish market moves its auction online",
            "Traders bid by phone from Wednesday; the hall stays open for retail.",
        ),
        _story(
            "Business",
            _VALLEY,
            "Bakery chain Kornfeld closes six shops",
            "Rents and flour prices left no choice, the family said.",
        ),
        _story(
            "Science",
            _POST,
            "Seals return to the estuary after forty years",
            "Volunteers counted 61 animals, among them 14 pups.",
        ),
        _story(
            "Science",
            _VALLEY,
            "Old maps show how the coast will move",
            "Researchers compared charts from 1786 with satellite pictures.",
            "The beach at Ashby loses about a metre a year.",
        ),
        _story("Culture", _POST, "The oldest lighthouse on the coast is for sale", "It comes with a library."),
        _story(
            "",
            _VALLEY,
            "Coldwater United win the cup after 53 years",
            "Goalkeeper Ada Brandt saved two penalties; the parade is on Saturday.",
        ),
    ),
    corrections=(
        Entry(
            headline="Ferry with 214 aboard runs aground off Port Ellery; all passengers safe",
            sentences=(),
            url=_FERRY.url,
            correction=replace(
                _WRONG,
                wrong_at=datetime(2026, 3, 2, 21, 5, tzinfo=UTC),
                at=datetime(2026, 3, 2, 21, 40, tzinfo=UTC),
            ),
        ),
        Entry(
            headline="Bank closes its branch on Quay Street",
            sentences=(),
            correction=Correction(
                right="It was another bank in another town that announced this; the branch stays open.",
                at=datetime(2026, 3, 2, 18, 15, tzinfo=UTC),
                withdrawn=True,
            ),
        ),
    ),
    segments=("morning",),
    scope="digest:morning",
    title="The Morning Tide",
    digest="morning",
    nominal_on=date(2026, 3, 3),
    made_at=datetime(2026, 3, 3, 6, 55, tzinfo=UTC),
)

ARABIC = Edition(
    id=EditionId("samplearabic"),
    kind=Kind.ALERT,
    key="alert/arabic/r1",
    told_key="alert/arabic/r1",
    subject="عاجل: جنوح عبّارة تقل 214 شخصًا قبالة الميناء",
    preheader="اصطدمت العبّارة «الدوس» بكثيب رملي وسط الضباب، وزوارق الإنقاذ تنقل الجميع إلى الشاطئ.",
    entries=(
        Entry(
            headline="جنوح عبّارة تقل 214 شخصًا قبالة الميناء والركاب جميعًا بخير",
            sentences=_sentences(
                "قال خفر السواحل إن عبّارة السيارات «الدوس» (Aldous) اصطدمت بكثيب رملي وسط ضباب كثيف عند 08:55.",
                "بدأت زوارق الإنقاذ نقل الركاب وأفراد الطاقم، وعددهم 214 شخصًا، إلى الشاطئ.",
            ),
            url="https://news.example.org/ar/2026/03/03/ferry",
            outlet="صحيفة الميناء",
            outlets=("صحيفة الميناء", "إذاعة الساحل"),
            language="ar",
            known=_sentences("كانت العبّارة تقل 198 راكبًا و16 من أفراد الطاقم.", "العبّارة مستقرة ولم تفقد وقودًا."),
            unknown=_sentences("هل يمكن تعويمها عند المد؟"),
        ),
    ),
    segments=("breaking",),
    language="ar",
    made_at=_MADE_AT,
)

ARABIC_CORRECTION = replace(
    ARABIC,
    id=EditionId("samplearabic2"),
    kind=Kind.CORRECTION,
    key="correction/arabic/r1",
    told_key="correction/arabic/r1",
    subject="تصحيح: كانت العبّارة تقل 214 شخصًا لا 241",
    entries=(
        replace(
            ARABIC.entries[0],
            sentences=ARABIC.entries[0].sentences[1:],
            known=(),
            unknown=(),
            correction=Correction(wrong="تقل العبّارة 241 شخصًا.", right="عددهم 214 شخصًا.", wrong_at=_MADE_AT),
        ),
    ),
    made_at=_MADE_AT + timedelta(minutes=40),
)

ALL: Mapping[str, Edition] = {
    "alert": ALERT,
    "flash": FLASH,
    "update": UPDATE,
    "correction": CORRECTION,
    "withdrawal": WITHDRAWAL,
    "confirmation": CONFIRMATION,
    "digest": DIGEST,
    "arabic": ARABIC,
    "arabic-correction": ARABIC_CORRECTION,
}
