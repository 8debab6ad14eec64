"""Articles and verdicts as JSON text and back, without loss. Pure."""

import json
from datetime import datetime
from typing import Any

from alerts.model import Article, ArticleId, Image, Level, Removed, Signal, Urgency, Verdict


def article_to_json(article: Article) -> str:
    """Write an article; `article_from_json` reads it back equal."""
    return _dump(
        {
            "id": article.id,
            "url": article.url,
            "title": article.title,
            "paragraphs": article.paragraphs,
            "outlet": article.outlet,
            "standfirst": article.standfirst,
            "section": article.section,
            "authors": article.authors,
            "categories": article.categories,
            "topics": article.topics,
            "language": article.language,
            "image": _image_out(article.image),
            "agency": article.agency,
            "truncated": article.truncated,
            "urgency": article.urgency,
            "published_at": _instant_out(article.published_at),
            "updated_at": _instant_out(article.updated_at),
            "embargo_until": _instant_out(article.embargo_until),
            "seen_at": article.seen_at.isoformat(),
            "content_hash": article.content_hash,
            "feed": article.feed,
            "removed": [[removed.text, removed.rule] for removed in article.removed],
        }
    )


def article_from_json(written: str) -> Article:
    """Read what `article_to_json` wrote."""
    raw: dict[str, Any] = json.loads(written)
    image, urgency = raw["image"], raw.get("urgency")
    return Article(
        id=ArticleId(raw["id"]),
        url=raw["url"],
        title=raw["title"],
        paragraphs=tuple(raw["paragraphs"]),
        outlet=raw["outlet"],
        standfirst=raw["standfirst"],
        section=raw["section"],
        authors=tuple(raw["authors"]),
        categories=tuple(raw["categories"]),
        topics=tuple(raw["topics"]),
        language=raw["language"],
        image=Image(**image) if image else None,
        # rows written before these fields were known do not have them
        agency=raw.get("agency", ""),
        truncated=raw.get("truncated", False),
        urgency=Urgency(urgency) if urgency else None,
        published_at=_instant_in(raw["published_at"]),
        updated_at=_instant_in(raw.get("updated_at")),
        embargo_until=_instant_in(raw.get("embargo_until")),
        seen_at=datetime.fromisoformat(raw["seen_at"]),
        content_hash=raw["content_hash"],
        feed=raw["feed"],
        removed=tuple(Removed(text=text, rule=rule) for text, rule in raw["removed"]),
    )


def verdict_to_json(verdict: Verdict | None) -> str:
    """Write a verdict; empty for none. `verdict_from_json` reads it back equal."""
    if verdict is None:
        return ""
    signals = [[one.name, one.points, one.evidence, one.value, one.weight] for one in verdict.signals]
    return _dump({"score": verdict.score, "level": verdict.level.value, "signals": signals})


def verdict_from_json(written: str) -> Verdict | None:
    """Read what `verdict_to_json` wrote."""
    if not written:
        return None
    raw: dict[str, Any] = json.loads(written)
    # rows written before value and weight were kept end after the evidence
    signals = (
        Signal(
            name=name, points=points, evidence=evidence, value=more[0] if more else 0.0, weight=more[1] if more else 0.0
        )
        for name, points, evidence, *more in raw["signals"]
    )
    return Verdict(score=raw["score"], level=Level(raw["level"]), signals=tuple(signals))


def _instant_out(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _instant_in(written: str | None) -> datetime | None:
    return datetime.fromisoformat(written) if written else None


def _image_out(image: Image | None) -> dict[str, str] | None:
    if image is None:
        return None
    return {"url": image.url, "alt": image.alt, "caption": image.caption, "credit": image.credit}


def _dump(raw: dict[str, Any]) -> str:
    return json.dumps(raw, ensure_ascii=False, separators=(",", ":"))
