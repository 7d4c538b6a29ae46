"""The voice as instructions: what the profile page shows and every writer is told."""

from __future__ import annotations

from apps.agents.voice.types import VoiceData


def rules_of(voice: VoiceData) -> list[str]:
    """Plain sentences, most telling first. People may edit them; scores never read them."""
    rules = [*_tone(voice), *_person(voice), *_rhythm(voice), *_marks(voice)]
    if voice.products:
        names = ", ".join(term.text for term in voice.products[:6])
        rules.append(f"Write names as the brand does: {names}.")
    if voice.capitalisation.headings != "unknown":
        rules.append(f"Set headlines in {voice.capitalisation.headings.lower()}.")
    return rules


def _tone(voice: VoiceData) -> list[str]:
    strong = sorted(voice.scales, key=lambda scale: -abs(scale.value - 50))
    return [f"Sound {scale.in_words()}." for scale in strong if abs(scale.value - 50) >= 10]


def _person(voice: VoiceData) -> list[str]:
    person = voice.person
    out = []
    if person.speaks_as != "third person":
        out.append(f"Speak as “{person.speaks_as}”.")
    else:
        out.append("Speak of the brand by name, in the third person.")
    if person.addresses == "you":
        form = {"formal": " (the polite form)", "informal": " (the familiar form)"}
        out.append(f"Address the reader directly{form.get(person.polite_form, '')}.")
    if person.contractions is not None:
        if person.contractions >= 0.6:
            out.append("Contract: “it’s”, “don’t”, “you’ll”.")
        elif person.contractions <= 0.25:
            out.append("Do not contract: “it is”, “do not”.")
    return out


def _rhythm(voice: VoiceData) -> list[str]:
    rhythm = voice.rhythm
    out = [
        f"Keep sentences around {rhythm.median:.0f} words, most between {rhythm.p10:.0f} and {rhythm.p90:.0f}."
    ]
    if rhythm.reading_label:
        out.append(f"Stay {rhythm.reading_label} to read.")
    return out


def _marks(voice: VoiceData) -> list[str]:
    marks, out = voice.punctuation, []
    if marks.exclamation < 1.5:
        out.append("No exclamation marks, or hardly any.")
    elif marks.exclamation > 12:
        out.append("Exclamation marks are welcome.")
    if voice.emoji.per_100_sentences < 1:
        out.append("No emoji.")
    elif voice.emoji.favourites:
        out.append(f"Emoji now and then: {' '.join(voice.emoji.favourites[:4])}")
    if marks.oxford_comma in ("always", "often"):
        out.append("Put a comma before “and” in a series.")
    elif marks.oxford_comma == "never":
        out.append("No comma before “and” in a series.")
    if voice.hashtags.per_document >= 0.5:
        tags = " ".join(f"#{tag}" for tag in voice.hashtags.favourites[:4])
        out.append(f"Hashtags as usual: {tags}")
    return out
