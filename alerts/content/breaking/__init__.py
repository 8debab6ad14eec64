"""What is breaking, and what may be sent of it. Pure: every function gets `now`.

    signals      what speaks for and against a story, each with its evidence in words
    score        signals × weights → points → a verdict
    voices       who tells a story in words of its own
    speed        how fast reports come in, against what its outlets usually do
    development  whether a story that was told has moved on
    gates        the policy: alert, update, tell the desk, or nothing, and which gate stopped it

Weights and thresholds come from the configuration; their defaults were set beforehand from published lifts and were
fitted to nothing. Nothing here reads a clock, a file of the newsroom or the database.
"""

from alerts.content.breaking.development import develops, novelty
from alerts.content.breaking.gates import Alerting, Gate, History, Proposed, Ruling, rule
from alerts.content.breaking.score import BreakingPolicy, Weights, broke_at, judge
from alerts.content.breaking.signals import marked
from alerts.content.breaking.speed import usual_rates
from alerts.content.breaking.voices import independent_voices

__all__ = [
    "Alerting",
    "BreakingPolicy",
    "Gate",
    "History",
    "Proposed",
    "Ruling",
    "Weights",
    "broke_at",
    "develops",
    "independent_voices",
    "judge",
    "marked",
    "novelty",
    "rule",
    "usual_rates",
]
