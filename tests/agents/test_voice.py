"""The voice: what is learned, that it is true of the text, and that scores tell brands apart."""

from __future__ import annotations

from statistics import mean

import pytest

from apps.agents.voice import Document, LearningError, Term, VoiceData, compare, learn, score
from apps.agents.voice.features import measure, reading_ease
from apps.agents.voice.text import sentences_of, split_sentences
from tests.agents.brands import FLUFF, HARBOUR, KETTLE


@pytest.fixture(scope="module")
def kettle() -> VoiceData:
    return learn(KETTLE)


@pytest.fixture(scope="module")
def harbour() -> VoiceData:
    return learn(HARBOUR)


def test_the_scales_put_two_unlike_brands_on_their_sides(kettle, harbour):
    def gap(key):
        return kettle.scale(key).value - harbour.scale(key).value

    assert gap("formality") < -25
    assert gap("playfulness") > 10
    assert gap("complexity") < -15
    assert gap("closeness") > 30
    assert kettle.scale("formality").value < 45 < 55 < harbour.scale("formality").value


def test_person_and_contractions_are_counted(kettle, harbour):
    assert (kettle.person.speaks_as, kettle.person.addresses) == ("we", "you")
    assert harbour.person.speaks_as == "third person"
    assert kettle.person.contractions > 0.8


def test_every_piece_of_evidence_is_a_sentence_of_its_source(kettle):
    texts = {document.source: document.text for document in KETTLE}
    seen = 0
    for part in [
        *kettle.scales,
        *kettle.prefer,
        *kettle.phrases,
        *kettle.products,
        kettle.person,
        kettle.rhythm,
    ]:
        for evidence in part.evidence:
            assert evidence.sentence in texts[evidence.source]
            seen += 1
    assert seen > 20
    assert all(scale.evidence for scale in kettle.scales)


def test_the_brands_own_words_come_before_everybodys(kettle):
    words = [term.text for term in kettle.prefer]
    assert {"tea", "blends"} & set(words[:4])
    assert "good" not in words[:5]
    assert any(term.text == "Smoky Sunday" for term in kettle.products)
    assert any("tin club" in term.text for term in kettle.phrases)


def test_cliches_that_the_brand_uses_are_not_held_against_it():
    sentence = "Our journey leads up the hill and we write about the journey every week."
    document = Document("d", "\n".join([*[d.text for d in KETTLE], sentence]), "t", "en")
    avoided = {term.text for term in learn([document]).avoid}
    assert "journey" not in avoided
    assert "leverage" in avoided


def test_claims_are_kept_with_their_numbers(kettle):
    claims = [claim.text for claim in kettle.claims]
    assert any("60 shops" in text for text in claims)
    assert any("no questions asked" in text for text in claims)


def test_habits_of_punctuation(kettle, harbour):
    assert kettle.punctuation.exclamation > harbour.punctuation.exclamation == 0
    assert kettle.emoji.per_100_sentences == 0
    assert "No emoji." in kettle.rules


def held_out(documents):
    """Each document's sentences, scored by a voice learned from the others."""
    for index, document in enumerate(documents):
        rest = documents[:index] + documents[index + 1 :]
        voice = learn(rest)
        for sentence in sentences_of(document):
            if not sentence.is_heading:
                yield score(sentence.text, voice).value


def test_a_brands_unseen_sentences_score_clearly_above_fluff_and_another_brand(kettle):
    own = mean(held_out(KETTLE))
    fluff = mean(score(text, kettle).value for text in FLUFF)
    other = mean(
        score(s.text, kettle).value for d in HARBOUR for s in sentences_of(d) if not s.is_heading
    )
    assert own > fluff + 25
    assert own > other + 25


def test_both_brands_win_on_their_own_ground(kettle, harbour):
    tea = "We've blended a new tea, and you can taste it at our shop on Sunday."
    law = "The firm advises owners on the regulation of emissions and the arbitration of claims."
    assert score(tea, kettle).value > score(tea, harbour).value + 20
    assert score(law, harbour).value > score(law, kettle).value + 20


@pytest.mark.parametrize(
    "worse",
    [
        "{} It's seamless.",
        "{}!!!",
        "{} 🚀🎉🔥",
        "{} #tea #love #fun #shop #brew #mug",
        "WOOOW GREAT! {}",
    ],
)
def test_making_a_text_worse_never_raises_its_score(kettle, worse):
    text = "We blend our teas by hand, and you can taste it."
    assert score(worse.format(text), kettle).value < score(text, kettle).value


def test_each_avoided_word_costs_and_points_at_its_place(kettle):
    text = "Leverage our tea."
    result = score(text, kettle)
    reason = next(r for r in result.reasons if r.trait == "Words to avoid")
    assert text[slice(*reason.span)] == "Leverage"
    assert "use" in reason.message
    assert reason.direction == "hurts"


def test_reasons_that_hurt_come_first_and_heaviest_first(kettle):
    reasons = score(FLUFF[0], kettle).reasons
    hurting = [reason.weight for reason in reasons if reason.direction == "hurts"]
    assert hurting == sorted(hurting, reverse=True)
    assert reasons[0].direction == "hurts"


@pytest.mark.parametrize("text", ["", "   ", "🚀", "https://example.com", "12 34"])
def test_a_text_without_words_does_not_break_the_score(kettle, text):
    assert 0 <= score(text, kettle).value <= 100


def test_a_voice_survives_its_json(kettle):
    again = VoiceData.model_validate_json(kettle.model_dump_json())
    assert again == kettle
    assert score(FLUFF[0], again) == score(FLUFF[0], kettle)


def test_an_older_voice_with_unknown_fields_still_reads():
    assert VoiceData.model_validate({"format": 1, "language": "en", "gone": 1}).language == "en"


def test_too_little_text_is_refused_with_the_number_of_words():
    with pytest.raises(LearningError, match="4 words"):
        learn([Document("d", "We make good tea.", "t", "en")])


def test_a_sentence_that_stands_on_every_page_counts_once():
    footer = "\nVisit us on the hill, any day of the week."
    repeated = [Document(d.source, d.text + footer, d.title, "en") for d in KETTLE]
    assert learn(repeated).sentences == learn(KETTLE).sentences + 1


def test_other_languages_are_left_out_of_the_main_one():
    german = Document(
        "de", "Wir mischen unseren Tee von Hand und das schmeckt man sofort. " * 3, "t", "de"
    )
    assert learn([*KETTLE, german]).words == learn(KETTLE).words


def test_german_is_learned_in_german():
    text = """Wir rösten unseren Kaffee jeden Dienstag, und Sie schmecken den Unterschied.
Unsere Bohnen kommen aus drei Ländern, die wir selbst besuchen.
Bestellen Sie bis Montag, dann liegt Ihr Kaffee am Donnerstag im Briefkasten.
Sie können jede Packung zurückgeben, wenn Ihnen die Röstung nicht gefällt.
Wir mahlen auf Wunsch, aber frisch gemahlen schmeckt Kaffee nur kurz.
Unsere Rösterei liegt am Hafen, und die Tür steht meistens offen.
Fragen Sie uns gern nach der passenden Mühle für Ihre Küche."""
    voice = learn(
        [Document("de", text * 2 + "\n" + text.replace("Kaffee", "Espresso"), "Rösterei", "de")]
    )
    assert voice.language == "de"
    assert voice.person.polite_form == "formal"
    assert 0 < voice.rhythm.reading_ease <= 100


def test_reading_ease_falls_with_longer_words_and_sentences():
    easy = measure(["The cat sat on the mat."], "en")
    hard = measure(
        ["Institutional representatives anticipate considerable regulatory complications."], "en"
    )
    assert reading_ease(easy, "en") > 90 > 20 > reading_ease(hard, "en")


def test_sentences_end_where_they_end():
    text = "Dr. Smith paid $3.50, e.g. for tea. “Is it good?” she asked. It was!"
    assert len(split_sentences(text)) == 3


def test_compare_names_what_changed_and_nothing_else(kettle):
    changed = kettle.model_copy(deep=True)
    changed.scale("formality").value = 90
    changed.avoid.append(Term(text="yummy", by_hand=True))
    changes = {change.part: (change.before, change.after) for change in compare(kettle, changed)}
    assert changes["Tone: casual – formal"] == (str(kettle.scale("formality").value), "90")
    assert changes["Words to avoid"] == ("", "yummy")
    assert len(changes) == 2
    assert compare(kettle, kettle) == []
