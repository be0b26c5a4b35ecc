"""Greetings, thanks and goodbyes in the languages people use: how to know one and what to reply."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_LONGEST_WORDS = 10


def _set(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


# Greetings, thanks and goodbyes. A message of these and of the words beside them alone is one.
GREETINGS = _set(
    "hi guten night hii hiii hiiii hey heyy heyyy hello helo hallo hullo hola holaa yo sup wassup whatsup howdy"
    " greetings hiya heya gm morning evening afternoon thanks thank thx ty tysm thankyou cheers bye goodbye goodnight"
    " cya ciao salut bonjour bonsoir coucou merci servus moin tschüss danke buenas buenos gracias adiós adios"
    " buongiorno buonasera grazie olá ola oi oii obrigado obrigada hoi dag bedankt doei привет здравствуйте здравствуй"
    " спасибо пока хай merhaba selam teşekkürler sağol cześć hej siema dzięki witam namaste namaskar namaskaram"
    " vanakkam salaam salam नमस्ते नमस्कार धन्यवाद हैलो हेलो हाय वणक्कम வணக்கம் நன்றி నమస్కారం నమస్తే ధన్యవాదాలు"
    " নমস্কার হ্যালো ধন্যবাদ નમસ્તે આભાર ನಮಸ್ಕಾರ ನಮಸ್ತೆ ಧನ್ಯವಾದ നമസ്കാരം നമസ്തേ നന്ദി ਨਮਸਤੇ ਧੰਨਵਾਦ مرحبا أهلا اهلا"
    " السلام شكرا 你好 您好 谢谢 早上好 嗨 再见 こんにちは おはよう こんばんは ありがとう"
    " もしもし 안녕 안녕하세요 감사합니다 고마워"
)

# Words that may stand in a greeting without making it more.
COMPANIONS = _set(
    "there all everyone everybody good day night to you u so much very a lot bro man buddy friend mate dear sir bot"
    " switchboard how are is it going doing do today what's whats up ok okay cool great nice again my the for your"
    " help and well see later soon hope ya guys team comment ça va ca wie geht es dir geht's qué tal que como estás"
    " estas cómo come stai tudo bem как дела nasılsın jak się masz guten morgen tag abend días dias tardes noches bom"
    " dia boa tarde noite have one that was really helpful perfect awesome आप कैसे हैं हो कसे आहात عليكم و vielen dank"
    " mille muchas beaucoup dobry dzień wieczór добрый день утро вечер günaydın iyi akşamlar ji जी"
)

_EITHER = GREETINGS | COMPANIONS

# Companions that greet by themselves when a message begins with them.
_OPENINGS = tuple(
    tuple(opening.split())
    for opening in (
        "how are you",
        "how is it going",
        "what's up",
        "whats up",
        "wie geht's",
        "wie geht es dir",
        "qué tal",
        "que tal",
        "cómo estás",
        "como estás",
        "como estas",
        "ça va",
        "comment ça va",
        "come stai",
        "tudo bem",
        "как дела",
        "आप कैसे हैं",
    )
)

# What to say back, by the words of the greeting; the first row that holds one of them.
_REPLIES = (
    ("Goodbye!", _set("bye goodbye cya later goodnight")),
    ("You're welcome!", _set("thanks thank thx ty tysm thankyou cheers")),
    ("Bitte, gern geschehen!", _set("danke")),
    ("Tschüss!", _set("tschüss")),
    ("Hallo!", _set("hallo servus moin guten")),
    ("De rien !", _set("merci")),
    ("Bonjour !", _set("bonjour bonsoir salut coucou")),
    ("¡De nada!", _set("gracias")),
    ("¡Hola!", _set("hola holaa buenas buenos")),
    ("Ciao!", _set("ciao buongiorno buonasera")),
    ("Prego!", _set("grazie")),
    ("Olá!", _set("olá ola oi oii")),
    ("De nada!", _set("obrigado obrigada")),
    ("Hoi!", _set("hoi dag")),
    ("Graag gedaan!", _set("bedankt")),
    ("Пожалуйста!", _set("спасибо")),
    ("Привет!", _set("привет здравствуйте здравствуй хай")),
    ("Merhaba!", _set("merhaba selam günaydın")),
    ("Cześć!", _set("cześć hej siema witam")),
    ("नमस्ते!", _set("namaste namaskar नमस्ते नमस्कार हैलो हेलो हाय")),
    ("स्वागत है!", _set("धन्यवाद")),
    ("வணக்கம்!", _set("vanakkam வணக்கம்")),
    ("నమస్కారం!", _set("namaskaram నమస్కారం నమస్తే")),
    ("নমস্কার!", _set("নমস্কার হ্যালো")),
    ("નમસ્તે!", _set("નમસ્તે")),
    ("ನಮಸ್ಕಾರ!", _set("ನಮಸ್ಕಾರ ನಮಸ್ತೆ")),
    ("നമസ്കാരം!", _set("നമസ്കാരം നമസ്തേ")),
    ("ਨਮਸਤੇ!", _set("ਨਮਸਤੇ")),
    ("مرحبا!", _set("مرحبا أهلا اهلا السلام salaam salam")),
    ("你好！", _set("你好 您好 嗨 早上好")),
    ("不客气！", _set("谢谢")),
    ("こんにちは！", _set("こんにちは おはよう こんばんは もしもし")),
    ("안녕하세요!", _set("안녕 안녕하세요")),
)


def is_greeting(words: Sequence[str]) -> bool:
    """Whether the words of a message are a greeting, thanks or a goodbye and nothing else."""
    if len(words) > _LONGEST_WORDS or not _EITHER.issuperset(words):
        return False
    return not GREETINGS.isdisjoint(words) or _opens(words)


def _opens(words: Sequence[str]) -> bool:
    return any(tuple(words[: len(opening)]) == opening for opening in _OPENINGS)


def reply_to_greeting(words: Sequence[str]) -> str:
    """The fitting reply, in the language of the greeting; "Hello!" for any other."""
    return next((reply for reply, greetings in _REPLIES if not greetings.isdisjoint(words)), "Hello!")
