"""From a brand's texts to its voice."""

from __future__ import annotations

from collections import Counter

from apps.agents.voice import habits, vocabulary
from apps.agents.voice.features import measure
from apps.agents.voice.rules import rules_of
from apps.agents.voice.scales import learn_scales
from apps.agents.voice.text import Sentence, sentences_of, words_of
from apps.agents.voice.types import Document, VoiceData
from apps.errors import ValidationFailed

MIN_WORDS = 120
# More text changes no trait any more, only the seconds it takes; each document gives its share.
MAX_SENTENCES = 5_000
_MIN_SHARE = 30


class LearningError(ValidationFailed):
    code = "too_little_text"


def learn(documents: list[Document]) -> VoiceData:
    """Voice of `documents`, in the language most of their words are in.

    Texts in other languages are left out, and a sentence that stands on several pages (a footer, a
    slogan in the menu) counts once. Raises `LearningError` below 120 words: less says nothing.
    """
    language = _main_language(documents)
    used = [d for d in documents if (d.language or language) == language]
    everything = _without_repeats(used)
    body = [sentence for sentence in everything if not sentence.is_heading]
    words = sum(len(sentence.words) for sentence in body)
    if words < MIN_WORDS:
        raise LearningError(
            f"There are only {words} words of running text; at least {MIN_WORDS} are needed to hear "
            "a voice. Add a page or a document with more text."
        )
    features = measure([sentence.text for sentence in body], language)
    lexicon = vocabulary.lexicon_of(everything, language)
    data = VoiceData(
        language=language,
        documents=len(used),
        sentences=len(body),
        words=words,
        scales=learn_scales(body, features, language),
        rhythm=habits.rhythm(body, features, language),
        person=habits.person(body, features, language),
        prefer=vocabulary.prefer(everything, language),
        avoid=vocabulary.avoid(everything, language),
        phrases=vocabulary.phrases(body, language),
        openings=vocabulary.openings(body),
        emoji=habits.emoji(body),
        punctuation=habits.punctuation(body),
        hashtags=habits.hashtags(used),
        capitalisation=habits.capitalisation(everything, body),
        claims=habits.claims(body, language),
        products=vocabulary.products(body, language),
        lexicon=vocabulary.trim(lexicon),
        coverage=vocabulary.coverage_of(body, lexicon, language),
    )
    data.rules = rules_of(data)
    return data


def _main_language(documents: list[Document]) -> str:
    words: Counter[str] = Counter()
    for document in documents:
        if document.language:
            words[document.language] += len(words_of(document.text))
    return words.most_common(1)[0][0] if words else "en"


def _without_repeats(documents: list[Document]) -> list[Sentence]:
    seen: set[str] = set()
    kept: list[Sentence] = []
    share = max(_MIN_SHARE, MAX_SENTENCES // max(1, len(documents)))
    for document in documents:
        taken = 0
        for sentence in sentences_of(document):
            key = sentence.text.casefold()
            if key not in seen and taken < share and len(kept) < MAX_SENTENCES:
                seen.add(key)
                kept.append(sentence)
                taken += 1
    return kept
