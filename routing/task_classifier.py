"""TaskClassifier: what a query asks for, by trained heads over its features and the conversation before it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from routing.answer_length import estimate_answer_tokens
from routing.complexity import Effort, EffortFactors, level_of
from routing.greetings import is_greeting
from routing.language import detect_language
from routing.lexicon import DEICTICS, REQUIRED_CAPABILITIES
from routing.modality_words import modality_of
from routing.text_features import joined_features, read_features
from routing.tokens import estimate_tokens
from routing.types import Attachment, Message, Modality, ModelCapability, Query, TaskCategory, TaskClassification

if TYPE_CHECKING:
    from collections.abc import Sequence

    from routing.task_heads import Judgement, TaskHeads
    from routing.text_features import TextFeatures

# A text by itself is taken for one that goes on with another from this probability on.
FOLLOWS = 0.6
# Of the training messages one in twelve goes on with another. Behind an earlier message it is about twice as likely;
# on held-out topics that knows the category of 75 instead of 70 follow-ups in a hundred, and of others as many.
_CONVERSATION_ODDS = 2.0
# Less than this changes nothing, and longer messages speak for themselves.
_LEAST_CHANCE = 0.1
FOLLOW_UP_WORDS = 25
# So many of the person's messages are looked back at for the one that a follow-up goes on with.
_EARLIER_MESSAGES = 6
# Something outside the model is needed from this probability on.
NEEDED = 0.5
GREETING_CONFIDENCE, UNKNOWN_CONFIDENCE = 0.95, 0.3

# LLaVA 1.5 makes 576 tokens of an image; newer models make 256 to 1,500 of a photo.
IMAGE_TOKENS = 600
_VISION = frozenset({ModelCapability.VISION})
# Role markers of a chat template.
MESSAGE_TOKENS = 4


class _Reading(NamedTuple):
    """A message as read: its own features, and those of it with the message that it goes on with.

    `judgement` is None where the words alone say what it is.
    """

    own: TextFeatures
    features: TextFeatures
    category: TaskCategory
    confidence: float
    judgement: Judgement | None = None
    follows: bool = False


class TaskClassifier:
    """Classifies queries. Pure and without state between calls: one instance serves every chat and thread."""

    def __init__(self, heads: TaskHeads | None = None) -> None:
        # numpy takes longer to import than all else of this package together.
        from routing.task_heads import TaskHeads  # noqa: PLC0415

        self._heads = heads or TaskHeads.load()

    def classify(self, query: str | Query) -> TaskClassification:
        """Say what is asked. Never fails, whatever the text."""
        if isinstance(query, str):
            query = Query(query)
        return self._classification(query, self._read(query))

    def _read(self, query: Query) -> _Reading:
        features = read_features(query.text)
        if is_greeting(features.words) and not query.attachments:
            return _Reading(features, features, TaskCategory.GREETING, GREETING_CONFIDENCE)
        if not features.sample:
            return _Reading(features, features, TaskCategory.QUESTION, UNKNOWN_CONFIDENCE)
        judgement = self._heads.judge(features)
        chance = _chance_of_following(judgement) if query.history else 0.0
        earlier = self._continued(features, query.history) if chance >= _LEAST_CHANCE else None
        if earlier is None:
            return _judged(features, features, judgement, follows=False)
        together, follows = joined_features(earlier, features), chance >= 0.5
        both = _weighed(judgement, self._heads.judge(together), chance)
        return _judged(features, together if follows else features, both, follows=follows)

    def _continued(self, features: TextFeatures, history: Sequence[Message]) -> TextFeatures | None:
        """The person's earlier message that a short one such as "and in Rust?" may go on with."""
        if len(features.words) > FOLLOW_UP_WORDS:
            return None
        asked = [message.content for message in reversed(history) if message.role == "user"]
        return next(filter(self._stands_alone, map(read_features, asked[:_EARLIER_MESSAGES])), None)

    def _stands_alone(self, features: TextFeatures) -> bool:
        if not features.sample or is_greeting(features.words):
            return False
        return len(features.words) > FOLLOW_UP_WORDS or self._heads.follows(features) < FOLLOWS

    def _classification(self, query: Query, reading: _Reading) -> TaskClassification:
        words, category, judgement = reading.features.words, reading.category, reading.judgement
        own_tokens = estimate_tokens(query.text)
        tokens = own_tokens + _tokens_beside(query)
        alone = judgement.score if judgement and category is not TaskCategory.GREETING else 0.0
        drawn = (tokens, len(query.history)) if reading.follows else (0, 0)
        effort = Effort(alone, own_tokens, *drawn)
        capabilities = REQUIRED_CAPABILITIES[category]
        score = effort.score
        return TaskClassification(
            complexity=level_of(score),
            category=category,
            required_capabilities=capabilities | _VISION if _shows_picture(query, reading) else capabilities,
            estimated_tokens=estimate_answer_tokens(words, judgement.answer_tokens if judgement else 0.0),
            requires_tools=category is TaskCategory.TOOL_USE,
            confidence=reading.confidence,
            score=score,
            modality=modality_of(query, words),
            language=_language(query, reading.own),
            prompt_tokens=tokens,
            factors=EffortFactors(effort, reading.features.sample, words, capabilities if judgement else ()),
            benefit=judgement.benefit if judgement else 0.0,
            probabilities=judgement.categories if judgement else {category: 1.0},
            needs=_needs(category, judgement),
            familiarity=judgement.familiarity if judgement else 1.0,
        )


def _chance_of_following(judgement: Judgement) -> float:
    """Say how likely a text goes on with the one before it, where there is one."""
    odds = _CONVERSATION_ODDS * judgement.follows / max(1e-9, 1 - judgement.follows)
    return odds / (1 + odds)


def _weighed(alone: Judgement, together: Judgement, chance: float) -> Judgement:
    """Say what a text is that goes on with an earlier one by this chance."""
    categories = {
        name: (1 - chance) * other + chance * together.categories[name] for name, other in alone.categories.items()
    }
    likelier = together if chance >= 0.5 else alone
    return likelier._replace(category=max(categories, key=categories.__getitem__), categories=categories)


def _judged(own: TextFeatures, features: TextFeatures, judgement: Judgement, *, follows: bool) -> _Reading:
    category = judgement.category
    return _Reading(own, features, category, round(judgement.categories[category], 2), judgement, follows)


def _needs(category: TaskCategory, judgement: Judgement | None) -> frozenset[str]:
    """What a tool is needed for: at least the likeliest, where a tool is what the task is about."""
    if category is not TaskCategory.TOOL_USE or judgement is None:
        return frozenset()
    needs = judgement.needs
    likeliest = max(needs, key=needs.__getitem__)
    return frozenset({likeliest, *(need for need, probability in needs.items() if probability >= NEEDED)})


def _shows_picture(query: Query, reading: _Reading) -> bool:
    """Whether a picture is attached or pointed back at."""
    if not query.attachments and not query.history:
        return False
    return _has_picture(query.attachments) or (_was_shown(query.history) and _points_back(reading))


def _has_picture(attachments: Sequence[Attachment]) -> bool:
    return any(attachment.modality is Modality.IMAGE for attachment in attachments)


def _points_back(reading: _Reading) -> bool:
    return reading.follows or not DEICTICS.isdisjoint(reading.own.words)


def _was_shown(history: Sequence[Message]) -> bool:
    """Whether the last message of the person came with an image."""
    last = next((message for message in reversed(history) if message.role == "user"), None)
    return last is not None and _has_picture(last.attachments)


def _language(query: Query, features: TextFeatures) -> str:
    """The language of the message itself, which may go on with one in another."""
    if not query.history:
        return detect_language(query.text, features.words)
    earlier = (message.content for message in reversed(query.history) if message.role == "user")
    return detect_language(query.text, features.words, earlier)


def prompt_tokens(query: Query) -> int:
    """Everything a model will read: text, images, system prompt and history."""
    return estimate_tokens(query.text) + _tokens_beside(query)


def _tokens_beside(query: Query) -> int:
    tokens = IMAGE_TOKENS * len(query.attachments) + MESSAGE_TOKENS
    if query.system_prompt:
        tokens += estimate_tokens(query.system_prompt)
    for message in query.history:
        tokens += estimate_tokens(message.content) + IMAGE_TOKENS * len(message.attachments) + MESSAGE_TOKENS
    return tokens
