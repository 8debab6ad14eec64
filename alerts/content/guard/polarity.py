"""Telling what a sentence denies. Pure.

A negation denies the words that follow it; where two sentences tell the same, what one denies the other must deny too.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from alerts.content.rules import stopwords
from alerts.content.text import stem

_NEGATION_WORDS = (
    "not no never none neither nor nobody nothing without cannot isn't aren't wasn't weren't don't doesn't didn't "
    "won't wouldn't can't couldn't shouldn't hasn't haven't hadn't mustn't needn't ain't "
    "nicht kein keine keinen keiner keinem nie niemals niemand nichts ohne "
    "pas jamais aucun aucune rien personne sans "
    "nunca jamás ningún ninguna nadie nada sin "
    "لا لم لن ليس ليست دون بدون"
)
_REFUSALS = "denies denied deny rejects rejected refuses refused refuse reject"
#: words that deny, or say that somebody does
NEGATIONS = frozenset(_NEGATION_WORDS.split()) | frozenset(_REFUSALS.split())
_DENYING = frozenset(_NEGATION_WORDS.split())
#: how many words a negation is seen to govern
_GOVERNED = 3


@dataclass(frozen=True, slots=True)
class Denial:
    """One negation and the words about it, as stems."""

    governed: tuple[str, ...]
    before: str

    def like(self, other: "Denial") -> bool:
        """Tell whether two negations deny the same."""
        if self.governed and other.governed:
            return self.governed[0] in other.governed or other.governed[0] in self.governed
        return self.before == other.before

    def said_in(self, tokens: Sequence[str]) -> bool:
        """Tell whether a sentence says the words that are denied here, at one place."""
        stems = [stem(token) for token in tokens]
        wanted = self.governed[:2]
        if not wanted:
            return False
        near = [stems[at : at + _GOVERNED + 1] for at, found in enumerate(stems) if found == wanted[0]]
        return any(set(wanted) <= set(window) for window in near) and (not self.before or self.before in stems)


def denials(tokens: Sequence[str]) -> Iterator[Denial]:
    """List what a sentence denies."""
    for at, token in enumerate(tokens):
        if token not in _DENYING and not token.endswith("n't"):
            continue
        after = (stem(word) for word in tokens[at + 1 : at + 8] if word not in stopwords() and word not in _DENYING)
        governed = tuple(word for word, _ in zip(after, range(_GOVERNED), strict=False))
        before = next((stem(word) for word in reversed(tokens[max(0, at - 4) : at]) if word not in stopwords()), "")
        yield Denial(governed, before)
