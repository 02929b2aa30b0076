"""What the offline coach says in its own words: fixed lines, chosen by what a message is about.

A line must stay true whichever way the message turns ("no time", "nothing but time"): a small embedding model knows
what people talk about, not what they deny. The questions are open ones in the manner of motivational interviewing
(Miller and Rollnick), which leave the choice with the person.
"""

from __future__ import annotations

from dataclasses import dataclass

OFFLINE = "I am in offline mode, so I can only quote the programme's own material."
ENGLISH_ONLY = (
    "I understand a little of your language, but in offline mode I can only answer in English, I'm sorry to say."
)
NOTHING_FOUND = (
    "I found nothing on that in the programme.",
    "The programme has nothing on that, as far as I can see.",
    "I looked, and could not find that in the programme's material.",
)
# Of a plan that the person made, by how it stands; the first of them is said when it is new.
PROMISED = "So your plan is {what}, and it is yours to change."
HOW_DID_IT_GO = "How did it go with your plan, {what}?"
KEPT = "You did what you had set out to do, and that is to your credit."
MISSED = "Plans fall through for all of us, and nothing is lost by it."
# When they ask for it.
RECALLED = {
    "open": "The plan that you told me of is {what}.",
    "done": "The plan that you told me of was {what}, and you said that you did it.",
    "missed": "The plan that you told me of was {what}, and you said that it did not happen.",
}
NO_PLAN = "You have not told me of a plan so far."


@dataclass(frozen=True)
class Topic:
    """`examples` are messages of that topic; a `social` one needs no material to answer, and is worded as such.

    `greets` says that a new visit may have begun.
    `collection` names what a person asks for who says nearly the same as an example ("What is on this week?").
    `mode` is the coach's mode in which these reflections are right whatever the message is most like.
    `query` says what a person asks for who says nearly the same as an example with no telling word of their own.
    """

    examples: tuple[str, ...]
    reflections: tuple[str, ...]
    questions: tuple[str, ...]
    social: bool = False
    greets: bool = False
    collection: str = ""
    mode: str = ""
    query: str = ""


TOPICS = (
    Topic(
        examples=("Hello", "Hi there", "Good morning", "Good evening, how are you?", "Hello again, I'm back"),
        reflections=("Hello, and welcome.", "It is good to have you here.", "Hello to you."),
        questions=(
            "What would you like to talk about today?",
            "What is on your mind about being active?",
            "Where would you like to begin?",
        ),
        social=True,
        greets=True,
    ),
    Topic(
        examples=(
            "Thank you",
            "Thank you, good to know",
            "Thanks, that was helpful",
            "That's great, cheers",
            "Goodbye, talk to you tomorrow",
        ),
        reflections=("You are welcome.", "I am glad we could talk.", "Thank you for the time you gave this."),
        questions=(
            "What will you take with you from this?",
            "What would you like to come back to next time?",
            "What else is on your mind?",
        ),
        social=True,
    ),
    Topic(
        examples=(
            "I have no time, my days are full",
            "I only have ten minutes a day",
            "I'm busy looking after my grandchildren and my mother",
            "Between appointments there isn't a minute left",
        ),
        reflections=(
            "How much time there is, and when, plays a part here.",
            "Your days have a shape of their own, and this has to fit into it.",
            "Time is part of the picture, and you know best where it goes.",
        ),
        questions=(
            "Where in your day would a few minutes feel easiest to keep?",
            "Which part of the day tends to belong to you?",
            "What would make even a short moment of movement worth its place in your day?",
        ),
    ),
    Topic(
        examples=(
            "My knees ache when I walk",
            "My back hurts in the morning",
            "My hip is sore and stiff",
            "My shoulder is painful for days after",
        ),
        reflections=(
            "Your body has a say in this, and it makes sense to listen to it.",
            "How your body feels matters when you choose what to do.",
            "You are paying attention to what your body tells you.",
        ),
        questions=(
            "What kinds of movement feel comfortable to you at the moment?",
            "When does moving feel easiest for you?",
            "What would you like to be able to do with more ease?",
        ),
    ),
    Topic(
        examples=(
            "I'm afraid of falling",
            "I'm scared of hurting myself",
            "I feel unsteady on my feet",
            "I'm nervous about going out on my own",
        ),
        reflections=(
            "Feeling sure of yourself is part of this.",
            "Feeling safe and steady counts for a lot here.",
            "It makes sense to want firm ground under your feet before you do more.",
        ),
        questions=(
            "What would help you feel a little surer?",
            "Where do you feel steadiest when you move?",
            "Who or what gives you confidence when you try something?",
        ),
    ),
    Topic(
        examples=(
            "I'd be embarrassed in front of other people at the gym",
            "I'm ashamed of my body in the pool",
            "I feel like a failure, I missed a day again",
            "I feel guilty about sitting so much",
        ),
        reflections=(
            "That is a hard feeling to carry, and it is an understandable one.",
            "It takes some honesty to say how this feels, and it can't be easy.",
            "Many people know this feeling, and it says nothing against you.",
        ),
        questions=(
            "What would you say to a good friend in your place?",
            "What would make this feel kinder to you?",
            "In which company, or in what place, do you feel most at ease?",
        ),
        mode="emotion",
    ),
    Topic(
        examples=(
            "I feel too tired to exercise",
            "I have no energy and no motivation",
            "I can't get going in the morning",
            "I'm too lazy to get off the sofa",
        ),
        reflections=(
            "The drive to move comes and goes, and it helps to plan with that in mind.",
            "Getting going is a part of its own, quite apart from the doing.",
            "Energy is part of the picture here.",
        ),
        questions=(
            "At what time of day do you have the most energy?",
            "What has helped you get going before?",
            "What small thing would you hardly notice as effort?",
        ),
    ),
    Topic(
        examples=(
            "What's the point at my age?",
            "I don't want to exercise",
            "I'm too old to start",
            "It won't make any difference, I always quit",
        ),
        reflections=(
            "Whether this is worth your while is for you to weigh, and nobody else.",
            "It is fair to ask what would be in it for you.",
            "You have your reasons, and it is your decision.",
        ),
        questions=(),
        mode="low_intention",
    ),
    Topic(
        examples=(
            "It's raining and too cold to go outside",
            "The pavements are icy in winter",
            "It's too hot to walk in summer",
            "The days are dark in November",
        ),
        reflections=(
            "The season and the weather have a say in your plans.",
            "What it is like outside is part of the picture.",
            "Plans that can bend with the weather tend to last.",
        ),
        questions=(
            "What do you enjoy when the weather keeps you in?",
            "What would be a good plan for a day that turns out differently?",
            "How do you like to move when you have the choice of indoors and outdoors?",
        ),
    ),
    Topic(
        examples=(
            "Since I retired I don't know what to do with my days",
            "My wife died and the house is empty",
            "I feel lonely since I stopped working",
            "I miss my colleagues and my old routine",
        ),
        reflections=(
            "A lot has changed around you, and that takes getting used to.",
            "Thank you for telling me; changes like that go deep.",
            "The days have a different shape now.",
        ),
        questions=(
            "What has been a good part of your week lately?",
            "Whose company does you good?",
            "What from your earlier days would you like to carry on in some form?",
        ),
    ),
    Topic(
        examples=(
            "I walked every day this week",
            "I've been swimming twice a week for years, it's a habit now",
            "I managed 4000 steps yesterday",
            "I had a lovely walk this morning",
        ),
        reflections=(
            "You know your own rhythm, and you have something to build on.",
            "What you already do counts.",
            "It sounds as if moving has a place in your life.",
        ),
        questions=(
            "What do you like best about it?",
            "What helps you keep it going?",
            "What would be a pleasant next step, if you want one at all?",
        ),
    ),
    Topic(
        examples=(
            "I'm going to start next week",
            "Where do I begin?",
            "I'd like to be more active and make a plan",
            "I keep meaning to get moving",
            "I want to walk more, and somehow I never do",
        ),
        reflections=(
            "You are thinking about a start, and its shape is yours to choose.",
            "There is something in this that you want for yourself.",
            "A beginning can be as small as you like.",
        ),
        questions=(
            "What makes this matter to you now?",
            "What would be a first step that you would feel like repeating?",
            "How would you notice that it is going well?",
        ),
    ),
    Topic(
        examples=(
            "Are there walking groups near me on Tuesday?",
            "Where can I swim in town?",
            "What's on this week?",
            "What is on near me?",
            "How much does the yoga class cost?",
        ),
        reflections=(
            "You would like to know what there is around you.",
            "Having a place and a time to go to can help.",
            "Let us see what is on.",
        ),
        questions=(
            "What would make such a place feel right for you?",
            "What days and times suit you best?",
            "What would make it easy for you to go there?",
        ),
        collection="activities",
        mode="local_activities",
    ),
    Topic(
        examples=(
            "What exercises can I do at home?",
            "Something to do in the living room",
            "A chair exercise I can follow in the kitchen",
            "Is there a video I can follow at home?",
        ),
        reflections=(
            "Your own four walls can be a good place to move.",
            "Something you can do where you are sounds like what you want.",
            "Home has the advantage of being close by.",
        ),
        questions=(
            "What corner of your home would suit that?",
            "When during the day would you try something like that?",
            "What do you enjoy having around you when you move?",
        ),
        collection="resources",
        mode="home_resources",
    ),
    Topic(
        examples=(
            "How does exercise help the heart?",
            "What are the benefits of being active?",
            "What's in it for me?",
            "What would I get out of it?",
            "Why do muscles shrink when you get older?",
            "How many minutes a week should I do?",
            "How can I improve my balance?",
        ),
        reflections=(
            "You want to know what is behind this before you decide.",
            "That is worth knowing.",
            "Understanding it makes it easier to choose.",
        ),
        questions=(
            "How does that fit with what you have noticed yourself?",
            "What would you like to do with that?",
            "What about this matters most to you?",
        ),
        query="What good does moving do me?",
    ),
)

# For messages that are like none of these: a question, and anything else.
_OPEN = (
    "What matters most to you about being active just now?",
    "What would you like more of in your days?",
    "What would you most like to talk over?",
)
ASKED = Topic(
    examples=(),
    reflections=("Let us look at that.", "I see what you are after.", "Let us see."),
    questions=_OPEN,
)
TOLD = Topic(
    examples=(),
    reflections=("Thank you for telling me.", "I hear you.", "That is good for me to know."),
    questions=_OPEN,
)
