from __future__ import annotations

import json

import pytest

from coach.state import update
from coach.turn import Commitment, State


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("I have 20 minutes", 20),
        ("I've got half an hour after lunch. No, make that 15 min", 15),
        ("an hour and a half is fine", 90),
        ("two of us have 1 hour", 60),
        ("I can spare a quarter of an hour", 15),
        ("the hall is 20 minutes away", None),
        ("I swam 5000 m in 1982", None),
        ("999 minutes", None),
        ("give me a minute", None),
        ("I've thirty-five minutes free", 35),
        ("an hour and ten minutes is what I have", 70),
        ("there's a full hour free now", 60),
        ("j'ai trente-cinq minutes de libres", 35),
        ("tengo treinta y cinco minutos", 35),
        ("I never get five minutes to myself", None),
        ("I'd cycle if I had an hour to call my own", None),
    ],
)
def test_minutes_are_read_from_an_amount_of_time(text: str, minutes: int | None) -> None:
    assert update(State(), text).minutes_available == minutes


@pytest.mark.parametrize(
    ("text", "barrier"),
    [
        ("I'm far too busy", "time"),
        ("my knees ache when I walk", "pain"),
        ("I don't mind the rain one bit", "none"),
        ("I'm not afraid of falling, but I'm short of time", "time"),
        ("Time's not the issue. It's that I'm too lazy", "motivation"),
        ("the rain isn't a problem", "none"),
        ("I painted the training room", "none"),
        ("it's too cold out", "weather"),
        ("I don't have time", "time"),
        ("I'd lift weights if I wasn't so busy", "time"),
        ("I miss her so much it hurts.", "none"),
        ("I love my husband so much that it hurts", "none"),
        ("La echo tanto de menos que me duele", "none"),
        ("I miss her so much, and my hip hurts", "pain"),
        ("It hurts so much I can't walk", "pain"),
        ("I'd walk it if my ankle wasn't hurting", "pain"),
        ("I'm embarrassed at the pool", "confidence"),
    ],
)
def test_a_barrier_counts_unless_it_is_denied(text: str, barrier: str) -> None:
    assert update(State(), text).barrier == barrier


def test_a_barrier_is_taken_back_when_it_is_denied_later() -> None:
    assert update(State(barrier="pain"), "no pain any more").barrier == "none"
    assert update(State(barrier="pain"), "it isn't raining").barrier == "pain"


def test_activities_are_gathered_and_taken_back() -> None:
    state = update(State(), "I like walking and swimming")
    state = update(state, "I don\u2019t like swimming after all, and I took up dancing")
    assert state.activities == ("walking", "dance")


def test_what_was_taken_up_last_can_be_dropped_without_its_name() -> None:
    assert after("I swim and I've started yoga", "tried it for a month, not for me, never again").activities == (
        "swimming",
    )
    assert after("I swim and I've started yoga", "it's grand, I love it").activities == ("swimming", "mobility")
    assert after("I swim", "the telly broke, that's finished, I sold it").activities == ("swimming",)


@pytest.mark.parametrize(
    ("correction", "minutes"),
    [("well, half that", 30), ("double it", 120), ("ten less than that, to be honest", 50), ("la mitad, mejor", 30)],
)
def test_minutes_are_corrected_in_terms_of_what_was_said_before(correction: str, minutes: int) -> None:
    assert after("I have an hour a day", correction).minutes_available == minutes


def test_what_is_not_spoken_of_stays_as_it_was() -> None:
    before = State(
        barrier="time",
        activities=("golf",),
        minutes_available=10,
        disliked=("dance",),
        setting="indoor",
        company="alone",
        place="home",
        goal="balance",
    )
    assert update(before, "Thanks, that helps") == before


@pytest.mark.parametrize(
    ("text", "activities", "disliked"),
    [
        ("My wife plays golf, I can't stand it", (), ()),
        ("Golf? No thanks. I'd rather walk", ("walking",), ("golf",)),
        ("I neither swim nor cycle", (), ()),
        ("I've not gone for a swim this week", ("swimming",), ()),
        ("I used to dance, now it's tai chi", ("mobility",), ()),
        ("Odio nadar, prefiero bailar", ("dance",), ("swimming",)),
    ],
)
def test_an_activity_is_theirs_unless_turned_down_past_or_of_another(
    text: str, activities: tuple[str, ...], disliked: tuple[str, ...]
) -> None:
    state = update(State(), text)
    assert (state.activities, state.disliked) == (activities, disliked)


def test_a_correction_takes_the_place_of_what_was_said() -> None:
    assert after("I can do 45 minutes", "sorry, I meant 15").minutes_available == 15
    assert after("I'd like to swim", "no, cycling instead").activities == ("cycling",)


def test_what_a_person_never_gets_round_to_is_not_disliked() -> None:
    assert after("I'd like to walk more but I never get round to it").activities == ("walking",)
    assert after("Golf? Never.").disliked == ("golf",)


def test_the_layer_fades_while_nothing_is_said_of_it() -> None:
    state = after("I keep meaning to start but I haven't yet")
    assert state.layer == "initiating_reflective"
    later = update(state, "My sister is visiting")
    assert (later.layer, later.layer_confidence < state.layer_confidence) == ("initiating_reflective", True)
    for _ in range(20):
        later = update(later, "My sister is visiting")
    assert (later.layer, later.layer_confidence) == ("unclassified", 0.0)


def test_a_lapsed_habit_is_no_habit() -> None:
    habit = "I swim every morning, it's a habit, I've done it for years"
    assert after(habit).layer == "reflexive"
    assert after(habit, "I stopped going, I've not done a thing for months").layer == "initiating_reflective"


@pytest.mark.parametrize(
    ("turns", "commitment"),
    [
        (["I'll walk on Tuesday after breakfast"], Commitment("walking", "tuesday", "after_breakfast")),
        (["I'm going to swim tomorrow", "I didn't go"], Commitment("swimming", "tomorrow", "", "missed", 1)),
        (["I'll swim tomorrow", "Lovely day", "Yes, I did it"], Commitment("swimming", "tomorrow", "", "done", 2)),
        (["Let's say Thursday for the walk", "make it Friday"], Commitment("walking", "friday", "", "open", 0)),
        (["I'll swim on Monday", "It's Wednesday, and I'm back"], Commitment("swimming", "monday", "", "open", 1)),
        (
            ["I'll swim on Monday", "Make that Friday, I've choir on Monday"],
            Commitment("swimming", "friday", "", "open", 0),
        ),
        (["Voy a nadar el jueves por la tarde"], Commitment("swimming", "thursday", "afternoon")),
        (["Je vais marcher mardi matin", "C'est fait !"], Commitment("walking", "tuesday", "morning", "done", 1)),
        (["I walk on Tuesdays"], None),
        (["I'm not going to walk on Tuesday"], None),
        (["I love walking. I'll be away on Tuesday"], None),
    ],
)
def test_a_commitment_is_noted_and_followed_up(turns: list[str], commitment: Commitment | None) -> None:
    assert after(*turns).commitment == commitment


@pytest.mark.parametrize(
    "text",
    [
        "I won't walk on Monday morning, it's too cold.",
        "I'll never cycle on Sunday again.",
        "I'm probably not going to swim on Friday",
        "I was going to walk on Wednesday morning but I changed my mind.",
        "Will I be able to dance on Friday?",
        "And should I go walking tomorrow?",
        "Is it all right if I go again tomorrow?",
        "I wonder whether I'll walk on Monday",
        "Est-ce que je vais marcher lundi ?",
        "I've walked this morning already",
    ],
)
def test_what_is_refused_asked_or_only_thought_of_is_no_commitment(text: str) -> None:
    assert after("I like walking", text).commitment is None


@pytest.mark.parametrize(
    ("text", "activity"),
    [
        ("The surgeon said no lifting for six weeks. It's been two, I'll do weights on Monday.", None),
        ("I'm not allowed to exercise until May, but I'll walk on Friday", None),
        ("I'm not supposed to swim yet. I'll swim on Monday", None),
        ("My doctor said no golf for a month, so I'll walk on Friday", "walking"),
        ("The doctor said there's no reason not to swim. I'll swim on Monday", "swimming"),
        ("I didn't walk yesterday, I'll walk on Monday", "walking"),
    ],
)
def test_what_breaks_a_ban_told_with_it_is_no_commitment(text: str, activity: str | None) -> None:
    commitment = after(text).commitment
    assert (commitment and commitment.activity) == activity


@pytest.mark.parametrize(
    ("text", "commitment"),
    [
        ("I'll go to the warm water class on Wednesday.", Commitment("swimming", "wednesday")),
        ("I'll go to the singing group's bowls class on Friday", Commitment("", "friday")),
        ("Great, I'll go on Friday at 1.", Commitment("", "friday")),
        ("Tai chi sounds nice. I'll go on Friday.", Commitment("mobility", "friday")),
        ("OK, let's say Friday at ten", Commitment("walking", "friday")),
        ("I'll go again on Friday", Commitment("walking", "friday")),
        ("I'll do it on Sunday after lunch.", Commitment("walking", "sunday", "after_lunch")),
        ("I'll do the neck turns every evening after the news.", Commitment("", "every_day", "evening")),
        ("I'll walk every weekday at nine with my neighbour Jean.", Commitment("walking", "weekdays")),
        ("I've signed up for Tuesday and Saturday.", Commitment("walking", "tuesday")),
        ("Je marcherai dimanche apr\u00e8s le d\u00e9jeuner.", Commitment("walking", "sunday", "after_lunch")),
        ("J'irai jeudi matin.", Commitment("", "thursday", "morning")),
        ("Okay, I'll do those after lunch tomorrow", Commitment("walking", "tomorrow", "after_lunch")),
        ("Je vais essayer \u00e7a demain matin", Commitment("walking", "tomorrow", "morning")),
        ("Voy a probar eso ma\u00f1ana", Commitment("walking", "tomorrow")),
        ("I'll do those bills tomorrow", None),
        ("Je vais essayer le g\u00e2teau demain", None),
        ("I'll go to the dentist on Monday", None),
        ("I'll do the shopping on Friday", None),
        ("I'll ask my doctor about it on Tuesday", None),
        ("I'll watch the golf on Sunday", None),
        ("What's the weather going to do on Sunday?", None),
        ("I go every Friday", None),
    ],
)
def test_a_commitment_has_the_activity_spoken_of_or_none(text: str, commitment: Commitment | None) -> None:
    assert after("I like walking", text).commitment == commitment


def test_a_missed_commitment_is_tried_again() -> None:
    state = after("I'll swim on Monday and cycle on Friday", "I didn't make it on Monday")
    assert update(state, "I'll try again on Saturday at noon instead.").commitment == Commitment(
        "swimming", "saturday", "lunchtime"
    )
    assert update(state, "I'll go on Saturday").commitment == Commitment("swimming", "saturday")


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("I've changed my mind, cancel that.", False),
        ("Scrap the plan, please. I'm not doing it.", False),
        ("Forget it.", False),
        ("I'm not going to walk on Tuesday", False),
        ("I can't make it on Tuesday", False),
        ("Cancel Tuesday's walk", False),
        ("I can't make it.", False),
        ("Cancela el plan", False),
        ("J'ai chang\u00e9 d'avis.", False),
        ("I haven't changed my mind", True),
        ("Should I cancel it?", True),
        ("Scrap that, I have 20 minutes", True),
        ("I'm not going to swim on Friday", True),
        ("I can't wait for Tuesday", True),
        ("Al final no voy a ir.", False),
        ("Finalement je ne vais pas y aller.", False),
        ("No voy a ir al m\u00e9dico.", True),
        ("Si no voy, te aviso", True),
        ("I won't cancel the walk", True),
        ("I don't want to drop the walk", True),
    ],
)
def test_a_commitment_can_be_called_off(text: str, kept: bool) -> None:
    assert bool(after("I'll walk on Tuesday after breakfast.", text).commitment) == kept


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("J'abandonne la natation.", False),
        ("Je n'irai pas nager.", False),
        ("Je ne vais plus \u00e0 la piscine", False),
        ("Dejo la nataci\u00f3n.", False),
        ("Je n'abandonne pas la natation", True),
        ("No quiero dejar la nataci\u00f3n", True),
        ("Ma femme abandonne la natation", True),
        ("J'arr\u00eate de fumer mercredi", True),
        ("Je ne vais pas \u00e0 Paris mercredi", True),
    ],
)
def test_a_commitment_can_be_dropped_in_french_and_spanish(text: str, kept: bool) -> None:
    assert bool(after("I'll swim on Wednesday.", text).commitment) == kept


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("Carmen no puede el jueves, lo dejamos para el viernes.", "friday"),
        ("Marie ne peut pas jeudi, on le fait vendredi.", "friday"),
        ("El jueves no puedo, mejor el viernes.", "friday"),
        ("Je le ferai plut\u00f4t vendredi", "friday"),
        ("I can't do Thursday, can we do Friday", "friday"),
        ("Move the tai chi to Friday.", "friday"),
        ("Can you move Thursday's tai chi to Friday?", "friday"),
        ("D\u00e9place le tai chi \u00e0 vendredi", "friday"),
        ("Don't move the tai chi to Friday.", "thursday"),
        ("Move the dentist to Friday.", "thursday"),
        ("Can we do the quiz on Friday?", "thursday"),
        ("Siempre lo dejo para ma\u00f1ana", "thursday"),
        ("I must put my tai chi things out on Friday", "thursday"),
    ],
)
def test_a_commitment_is_moved_to_another_day(text: str, day: str) -> None:
    commitment = after("I'll do tai chi on Thursday.", text).commitment
    assert commitment == Commitment("mobility", day, turns=int(day == "thursday"))


@pytest.mark.parametrize(
    ("turns", "expected"),
    [
        (["Actually no, pickleball is too fast for me. Let's make it tai chi."], ("mobility", "tuesday", "morning")),
        (["Let's make it tai chi.", "I said Tuesday but Thursday is better."], ("mobility", "thursday", "morning")),
        (["Thursday suits me better actually."], ("pickleball", "thursday", "morning")),
        (["And in the evening rather than the morning."], ("pickleball", "tuesday", "evening")),
        (["And let's say cycling rather than walking."], ("cycling", "tuesday", "morning")),
        (["Actually Tuesday's no good, Friday instead."], ("pickleball", "friday", "morning")),
        (["Finalement, mardi je ne peux pas. Je pr\u00e9f\u00e8re lundi."], ("pickleball", "monday", "morning")),
        (["My knee is better on Monday mornings"], ("pickleball", "tuesday", "morning")),
        (["I've got choir on Wednesday"], ("pickleball", "tuesday", "morning")),
    ],
)
def test_a_correction_changes_the_commitment(turns: list[str], expected: tuple[str, str, str]) -> None:
    commitment = after("I'll go to pickleball on Tuesday morning.", *turns).commitment
    assert commitment
    assert (commitment.activity, commitment.day, commitment.time, commitment.status) == (*expected, "open")


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("Where did that come from?", "open"),
        ("Did that do any good?", "open"),
        ("And who did that study?", "open"),
        ("How did you work that out?", "open"),
        ("I did the tai chi.", "open"),
        ("I did the shopping", "open"),
        ("I missed the bus", "open"),
        ("Yesterday I couldn't find my words for some minutes", "open"),
        ("I did my twenty minutes", "done"),
        ("I did the seated exercises", "done"),
        ("I didn't in the end", "missed"),
        ("I couldn't.", "missed"),
        ("No, I haven't gone yet, it's only Monday today.", "open"),
        ("I haven't done it yet", "open"),
        ("Did it this morning!", "done"),
        ("I did that yesterday", "done"),
        ("I've done it this morning", "done"),
        ("J'y suis all\u00e9e lundi, c'\u00e9tait tr\u00e8s agr\u00e9able!", "done"),
        ("And I skipped the walk.", "missed"),
        ("Je n'y suis pas all\u00e9", "missed"),
    ],
)
def test_what_is_told_of_a_commitment_is_about_it(text: str, status: str) -> None:
    commitment = after("I'll walk on Wednesday.", text).commitment
    assert (commitment and commitment.status) == status


def test_preferences_and_goal_are_the_last_ones_told() -> None:
    state = after("I'd rather be indoors, on my own", "Actually I prefer the park with other people")
    assert (state.setting, state.company, state.place) == ("outdoor", "others", "park")
    assert after("I don't want a group class").company == "alone"
    assert after("I want better balance so that I don't fall").goal == "balance"
    assert after("The pool shuts at nine").place == ""


def test_state_survives_the_way_through_json() -> None:
    state = State(
        layer="regulatory",
        layer_confidence=0.5,
        barrier="pain",
        activities=("walking",),
        disliked=("golf",),
        minutes_available=10,
        commitment=Commitment("walking", "monday"),
    )
    assert State.from_dict(json.loads(json.dumps(state.to_dict()))) == state


def test_state_of_another_release_is_read_as_far_as_it_is_known() -> None:
    stored = {"barrier": "pain", "mood": "fine", "commitment": {"activity": "golf", "where": "links"}}
    assert State.from_dict(stored) == State(barrier="pain", commitment=Commitment("golf"))


def after(*turns: str) -> State:
    state = State()
    for text in turns:
        state = update(state, text)
    return state
