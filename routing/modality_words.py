"""Tells whether a message is about text, a picture, sound, a video or a document: by what is attached, or by wording.

Only what is attached may shut a model out. What the words alone ask for describes the task: most of what is asked about
a picture that was not sent, or for one to be made, is best answered in words, and any model can do that.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from routing.types import Modality

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from routing.types import Query

_HARDEST_FIRST = (Modality.VIDEO, Modality.AUDIO, Modality.IMAGE, Modality.DOCUMENT)

# What is asked stands near the beginning or the end; more words than this are a paste, which talks of other things.
_REQUEST_WORDS = 40
# How far a word may stand from the thing it makes or points at.
_MAKER_REACH, _POINTER_REACH = 4, 2


def _listed(terms: Mapping[Modality, str]) -> dict[str, Modality]:
    return {term: modality for modality, words in terms.items() for term in words.split()}


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


# Things, as they are named when one is made, and when one is shown or played.
_MADE = _listed(
    {
        Modality.IMAGE: (
            "picture photo image images drawing sketch painting logo logos poster posters banner flyer sticker"
            " stickers wallpaper thumbnail icon icons cartoon portrait illustration avatar bild bilder zeichnung"
            " plakat dessin affiche autocollant imagen dibujo cartel imagem desenho cartaz immagine disegno"
            " locandina tekening plaatje afbeelding obrazek rysunek картинку картинка рисунок плакат постер логотип"
            " малюнок зображення resim resmi çizim afiş logosu gambar gambarnya hình ảnh tranh picha larawan bilden"
            " teckning tegning kuva piirros kép rajz imagine desen εικόνα צילום ציור צורה صورة رسمة شعار تصویر نقاشی"
            " عکس لوگو پوسٹر tasveer tasvir chitra padam bomma तस्वीर चित्र फोटो पोस्टर लोगो चित्रं ছবি পোস্টার লোগো"
            " படம் ஓவியம் போஸ்டர் బొమ్మ చిత్రం పోస్టర్ ಚಿತ್ರ ಪೋಸ್ಟರ್ ചിത്രം പടം പോസ്റ്റർ ચિત્ર ફોટો પોસ્ટર ਤਸਵੀਰ"
            " ਫੋਟੋ ਪੋਸਟਰ ਚਿੱਤਰ"
        ),
        Modality.AUDIO: "audio mp3 voiceover podcast jingle hörbuch аудио ऑडियो অডিও ஆடியோ ఆడియో ಆಡಿಯೋ ഓഡിയോ",
        Modality.VIDEO: (
            "video videos clip animation gif vidéo vídeo filmik видео відео videoklip वीडियो व्हिडिओ ভিডিও வீடியோ"
            " వీడియో ವಿಡಿಯೋ വീഡിയോ વિડિયો ਵੀਡੀਓ فيديو ویدیو ویڈیو"
        ),
    }
)
_SHOWN = {
    **_listed(
        {
            Modality.IMAGE: (
                "pic pics screenshot screenshots selfie scan xray x-ray snapshot foto fotos fotografie fotografia"
                " fotografía capture photos bildschirmfoto zdjęcie zdjęciu zdjęcia zrzut фото фотография фотографии"
                " снимке картинке скриншоте скриншот скрін світлина fotoğraf fotoğrafta fotoğraftaki resimde"
                " fotoğrafı fotoğrafını fotonya bức kuvassa kuvan képen fényképen fotka fotce fotke снимка"
                " φωτογραφία φωτο תמונה בתמונה الصورة الصوره عکسی تصویری फोटोमध्ये फोटोत चित्रात चित्रातील फ़ोटो"
                " फोटोचं फोटोला ছবিটা ছবির ছবিতে ছবিটার படத்தில் படத்துல போட்டோ போட்டோவில் ఫోటో ఫోటోలో చిత్రంలో ಫೋಟೋ"
                " ಫೋಟೋದಲ್ಲಿ ಚಿತ್ರದಲ್ಲಿ ഫോട്ടോ ഫോട്ടോയിൽ ഫോട്ടോയിലെ ചിത്രത്തിൽ ફોટામાં ફોટો ચિત્રમાં ਫੋਟੋ ਤਸਵੀਰ"
            ),
            Modality.AUDIO: (
                "recording voicenote voicemail aufnahme sprachnotiz enregistrement vocal grabación gravação"
                " registrazione vocale opname nagranie запись голосовое запис ses kaydı rekaman ghi rec रिकॉर्डिंग"
                " रेकॉर्डिंग রেকর্ডিং பதிவு రికార్డింగ్ ರೆಕಾರ್ಡಿಂಗ್ റെക്കോർഡിംഗ് રેકોર્ડિંગ ਰਿਕਾਰਡਿੰਗ التسجيل ضبط"
                " ریکارڈنگ"
            ),
            Modality.VIDEO: "reel film vidéos",
            Modality.DOCUMENT: (
                "pdf pdfs docx document attachment brochure dokument anhang documento allegato bijlage dokumencie"
                " документ документе файл belge dokumen tài-liệu मसुदा दस्तावेज़ दस्तावेज पीडीएफ नथी ডকুমেন্ট পিডিএফ"
                " ஆவணம் பிடிஎஃப் పత్రం పిడిఎఫ్ ಪಿಡಿಎಫ್ പിഡിഎഫ് પીડીએફ ਪੀਡੀਐਫ وثيقة المستند سند دستاویز"
            ),
        }
    ),
    **_MADE,
}

# Words that make any of them.
_MAKERS = _words(
    "make create generate design produce render edit erstelle erstell generiere mach gestalte crée créer génère"
    " fais crea genera haz hazme diseña créame cria crie gere faz faça fammi creami maak genereer ontwerp zrób"
    " wygeneruj stwórz сделай создай сгенерируй зроби створи згенеруй yap oluştur yapar hazırla buat buatkan"
    " bikin bikinin tạo làm tengeneza gumawa gawa gawan skapa gör lav lag tee luo vytvoř udělej vytvor készíts"
    " csinálj creează fă φτιάξε תיצור צור اعمل صمم أنشئ بساز درست banao bana banado banaiye bnao bnado banav"
    " pannu panni cheyyi chey madi ondakku undakku बना बनाओ बनाइए बनाएं बनवा बनव बनवून বানাও বানিয়ে তৈরি"
    " உருவாக்கு செய் పెట్టు తయారు చేయి చెయ్యి ಮಾಡಿ ಮಾಡು ರಚಿಸಿ ഉണ്ടാക്കൂ ഉണ്ടാക്കി ഉണ്ടാക്കിത്തരൂ બનાવો બનાવ"
    " બનાવી ਬਣਾ ਬਣਾਓ ਬਣਾਉ بناؤ بنا"
)
# How something is made, or why, is a question that words answer.
_ASKING = _words("how what why which when where who is are does do wie was warum comment pourquoi cómo como")
# Words that draw: what they draw is a picture, whatever it is.
_DRAWERS = _words(
    "zeichne zeichnen male dessine dessine-moi dibuja dibújame dibujame desenha desenhe desenhar disegna"
    " disegnami teken narysuj нарисуй нарисуйте намалюй çiz çizer gambarkan lukis lukiskan vẽ nichoree iguhit"
    " måla tegn piirrä maalaa nakresli namaluj rajzolj fess desenează ζωγράφισε צייר ציירי ارسم ارسملي نقاشی"
    " আঁকো এঁকে আঁক வரைந்து வரைஞ்சு గీయి గీసి ಬಿಡಿಸು ಬಿಡಿಸಿ വരച്ചു വരയ്ക്കൂ വരയ്ക്ക દોરો દોરી દોર रेखाटा काढून"
)
# English ones are more: "draw a conclusion", "paint a fence", so they count at the start of a request alone.
_ENGLISH_DRAWERS = _words("draw sketch paint illustrate doodle")
_NOT_DRAWN = _words(
    "conclusion conclusions attention comparison comparisons parallel parallels line lines inference inferences up out"
    " card cards ball balls from distinction lots raffle names the my our blood tarot"
)

# Words that point at what was sent along.
_POINTERS = _words(
    "this these attached dies diese dieses diesem diesen dieser cette ces esta este estas essa esse nesta nessa"
    " deste questa questo deze dit tym tej ten tego этой этом эта этот это цій цьому ця bu şu bunun ini itu này"
    " hii hiyo itong ito dette denne detta tässä tämä tämän tomhle tomto této túto ezen ezt această acest"
    " acestei acesta αυτή αυτό הזו הזה هذه هذا هالصورة این اس یہ इस यह ये ह्या हा हे या এই এটা এ ఈ ಈ ഈ ഇത് இந்த"
    " இதை આ આમાં ਇਸ ਇਹ ye yeh iss hya ee indha intha aa eh es yo"
)
# Hindi's "is", this, is English as well: with one of these behind the thing it is Hindi.
_POSTPOSITIONS = _words("me mein mai ka ki ke ko se pe par ne wali wala")
# "in the photo", "on my screenshot": as good as pointing at it.
_PLACES = _words("in on from of behind im auf dans sur sulla nella nel no na en op w na на в у")
_ARTICLES = _words("the my our his her dem der meinem la le ma mon el mi il mia het de a o")

# Two words that mean one of them without more; and one word that does.
_PAIRS = {
    ("voice", "note"): Modality.AUDIO,
    ("voice", "message"): Modality.AUDIO,
    ("voice", "memo"): Modality.AUDIO,
    ("audio", "message"): Modality.AUDIO,
    ("read", "aloud"): Modality.AUDIO,
    ("this", "aloud"): Modality.AUDIO,
    ("it", "aloud"): Modality.AUDIO,
    ("out", "loud"): Modality.AUDIO,
    ("nota", "vocale"): Modality.AUDIO,
    ("nota", "voz"): Modality.AUDIO,
    ("message", "vocal"): Modality.AUDIO,
    ("text", "to-speech"): Modality.AUDIO,
    ("lies", "vor"): Modality.AUDIO,
    ("picture", "of"): Modality.IMAGE,
    ("drawing", "of"): Modality.IMAGE,
    ("painting", "of"): Modality.IMAGE,
}
_TRANSCRIBERS = _words(
    "transcribe transcript transkribiere transkribier transcris transcreve transcreva trascrivi transcribeer"
    " transcribir transcríbeme расшифруй транскрибируй розшифруй přepiš przepisz transkribera"
)
# Terms of languages without spaces, found anywhere in a text.
_UNSPACED = tuple(
    (term, modality)
    for modality, listed in (
        (Modality.IMAGE, "画一, 画个, 畫一, 这张图, 这张照片, 图片里, 生成图片, 絵を描, イラスト描, 画像を作"),
        (Modality.IMAGE, "この写真, この画像, 그려, 이 사진, 사진 속, วาดรูป, วาดภาพ, รูปนี้, ภาพนี้"),
        (Modality.AUDIO, "转成文字, 这段录音, 这段语音, この音声, 文字起こし, 이 녹음, คลิปเสียงนี้"),
        (Modality.VIDEO, "这个视频, この動画, 이 영상, คลิปนี้, วิดีโอนี้"),
        (Modality.DOCUMENT, "这份文件, 这个pdf, このpdf, 이 pdf, ไฟล์นี้"),
    )
    for term in listed.split(", ")
)
_UNSPACED_FROM = "\u0e00"

# Politeness before a request.
_FILLERS = _words(
    "please pls plz can could would will you u me i want need like to hey hi hello just ok okay now and also kindly"
    " quickly quick yo bro us id i'd"
)

_SIGNALS = frozenset({*_SHOWN, *_DRAWERS, *_ENGLISH_DRAWERS, *_TRANSCRIBERS, "voice", "aloud", "loud", "vocale", "vor"})


def attached_modality(query: Query) -> Modality:
    """What is attached to a query; what fewer models can take in comes first."""
    attached = {attachment.modality for attachment in query.attachments}
    return next((modality for modality in _HARDEST_FIRST if modality in attached), Modality.TEXT)


def modality_of(query: Query, words: Sequence[str]) -> Modality:
    """What a query is made of, or else what its wording asks for. `words` are those of its text in lower case."""
    return attached_modality(query) if query.attachments else asked_modality(query.text, words)


def asked_modality(text: str, words: Sequence[str]) -> Modality:
    """What a text without attachments asks to be made or read; TEXT where it asks for neither.

    `words` are those of `text` in lower case.
    """
    beginning = text[: 4 * _REQUEST_WORDS]
    if not beginning.isascii() and max(beginning) >= _UNSPACED_FROM:
        beginning = beginning.lower()
        found = next((modality for term, modality in _UNSPACED if term in beginning), None)
        if found is not None:
            return found
    if len(words) > _REQUEST_WORDS or _SIGNALS.isdisjoint(words):
        return Modality.TEXT
    return _played(words) or _drawn(words) or _made(words) or _shown(words) or Modality.TEXT


def _played(words: Sequence[str]) -> Modality | None:
    if not _TRANSCRIBERS.isdisjoint(words):
        return Modality.VIDEO if "video" in words else Modality.AUDIO
    return next((_PAIRS[pair] for pair in pairwise(words) if pair in _PAIRS), None)


def _drawn(words: Sequence[str]) -> Modality | None:
    if not _DRAWERS.isdisjoint(words):
        return Modality.IMAGE
    request = [word for word in words if word not in _FILLERS]
    drawn = request and request[0] in _ENGLISH_DRAWERS and _NOT_DRAWN.isdisjoint(request[1:3])
    return Modality.IMAGE if drawn else None


def _made(words: Sequence[str]) -> Modality | None:
    """A thing beside a word that makes it, in the order of any language; not where it is asked how one is made."""
    request = [word for word in words if word not in _FILLERS]
    for position, word in enumerate(request):
        if word in _MADE and position <= 2 * _MAKER_REACH:
            near = request[max(0, position - _MAKER_REACH) : position + _MAKER_REACH]
            if not _MAKERS.isdisjoint(near) and request[0] not in _ASKING:
                return _MADE[word]
    return None


def _shown(words: Sequence[str]) -> Modality | None:
    for position, word in enumerate(words):
        if word in _SHOWN:
            before = words[max(0, position - _POINTER_REACH) : position]
            after = words[position + 1 : position + 2]
            named = "is" in before[-1:] and not _POSTPOSITIONS.isdisjoint(after)
            placed = len(before) == _POINTER_REACH and before[0] in _PLACES and before[1] in _ARTICLES
            if placed or named or not _POINTERS.isdisjoint(before):
                return _SHOWN[word]
    return None
