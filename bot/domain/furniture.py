"""Page furniture: lines that belong to the page and not to the article.

Links to other articles, invitations, players, share buttons. Neither matched nor compared: a name in
"Related: ..." is not in the article, and two outlets' furniture makes no repost. Lines of credit
("Reporting by ...", "Source: AFP") stay: they tell where a text is from.
"""

import re

# The line announces other articles: it goes, and so does the headline under it if it stands alone.
_POINTERS = (
    "related( (article|articles|stories|story|news|coverage|content|topics|posts?|video|links?))?",
    "read (also|more|next|this|on)",
    "(see|watch|listen|find out|learn) (also|more|now)",
    "(you (may|might) (also )?(like|be interested in|have missed))",
    "(more|also) (on this|from|in|on) [^.:]{1,40}",
    "more (stories|news|coverage|on this story)",
    "(most|trending) (read|popular|viewed|now|shared)[^.:]{0,30}",
    "don'?t miss",
    "recommended( for you| reading| stories)?",
    "(the )?latest (news|headlines|stories)",
    "editors?'?s? (picks?|choice)",
    "in (pictures|photos)",
    "live updates?( here)?",
    "also (see|read|watch)",
    "related post",
    # Russian, Ukrainian
    "(читайте|смотрите|слушайте) (также|ещё|еще|далее|подробнее|по теме|в рассылке)",
    "(также|ещё|еще) по теме",
    "(по теме|материалы по теме|другие новости|главное за день|главные новости|похожие материалы)",
    "рекомендуем|читать (далее|полностью|целиком)",
    "(читайте|дивіться|слухайте) (також|ще|далі|більше)",
    "(до теми|за темою|більше за темою|вас може зацікавити|рекомендуємо|актуально)",
    # Turkish, Azerbaijani
    "(ilgili (haber|haberler|içerik)|benzer haberler|ayrıca okuyun|bunu da okuyun|diğer haberler)",
    "öne çıkan haberler|devamını oku|davamı",
    "(həmçinin oxuyun|oxşar xəbərlər|digər xəbərlər|bu mövzuda|mövzu ilə bağlı)",
    # Armenian, Georgian
    "(կարդացեք նաև|կարդալ նաև|նաև կարդացեք|առնչվող նյութեր|թեմայի շուրջ)",
    "(ასევე წაიკითხეთ|წაიკითხეთ ასევე|ასევე იხილეთ|მსგავსი სიახლეები|დაკავშირებული სტატიები)",
    # German, French, Spanish, Polish
    "(lesen sie (auch|mehr)|mehr zum thema|auch interessant)",
    "(à lire aussi|lire aussi|à voir aussi|sur le même sujet)",
    "(lea (también|además)|lee también|más información|te puede interesar)",
    "(czytaj (więcej|też|także)|zobacz (też|także)|polecamy)",
)
# The line stands for itself: an invitation, a player, a button.
_LINES = (
    "(advertisement|advertising|реклама|reklam|գովազդ|რეკლამა|werbung|publicité|publicidad|anzeige)",
    "(sign up (for|to|now|here|today)|subscribe|follow us|join us|like us|download (our|the) app)\\b.{0,160}",
    "get (the (latest|quiz|day)|[^.]{1,40} app)\\b.{0,160}",
    "click here to .{1,120}",
    "(share|tweet|email|print|copy link|comments?|\\d+ comments?)( (on|via|this|to|with)\\b.{0,20})?",
    "leave a comment|tell us what you think|continue reading|read the full (story|article)\\b.{0,40}",
    "the post .{1,200} (appeared first on|first appeared on) .{1,80}",
    "(share|like) this (story|article|post).{0,60}",
    "thanks for signing up!?|there was an error processing your subscription\\.?",
    "your browser does not support .{0,80}",
    "loading|please wait|play|pause|mute|unmute|video player|media caption",
    "image (caption|source|copyright)[^.]{0,60}",
    "this (video|content|post) (can ?not|is not|isn't) .{0,60}",
    "view (this post )?on (instagram|twitter|x|facebook|telegram)",
    "(a post shared by .{0,80}|\\W*pic\\.twitter\\.com/\\w+)",
    "(all rights reserved|copyright [©ⓒ(].{0,100}|©.{0,100})",
    "tags?:.{0,200}|filed under:.{0,120}",
    "(подписывайтесь|подпишитесь|следите за|присоединяйтесь|оставайтесь на связи)\\b.{0,160}",
    "(если вы нашли (ошибку|опечатку)|нашли (ошибку|опечатку)|выделите е[её] и нажмите).{0,160}",
    "(поделиться|комментарии|комментировать|распечатать)\\W*(\\d+)?",
    "(підписуйтесь|підпишіться|приєднуйтесь|слідкуйте за)\\b.{0,160}",
    "(поділитися|коментарі|роздрукувати)\\W*(\\d+)?",
    "(abone ol|bizi takip edin|takip edin|haberi paylaş|paylaş|yorum yap)\\b.{0,120}",
    "(bizi izləyin|abunə olun|telegram kanalımıza .{0,60}|paylaş|bölüş)\\b.{0,120}",
    "(բաժանորդագրվեք|հետևեք մեզ|կիսվել)\\b.{0,160}",
    "(გამოიწერეთ|გამოგვყევით|გააზიარეთ|გააზიარე)\\b.{0,160}",
)
_SEPARATOR = r"\s*(?:[:：>»→\-–—|]|\.{3}|…)\s*"
_POINTER = re.compile(
    rf"[\W_]*(?:{'|'.join(_POINTERS)})(?:(?P<rest>{_SEPARATOR}.{{0,220}})|[\W_]*)", re.I
)
_LINE = re.compile(rf"[\W_]*(?:{'|'.join(_LINES)})[\W_]*", re.I)
MAX_LINE_CHARS = 260  # a longer line is a paragraph, whatever it begins with
MAX_HEADLINE_CHARS = 160
_ENDS = (".", "!", "?", "…", "։", "。", ":", ",", ";", "”", "»", '"')


def without_furniture(text: str, *, title: str = "") -> str:
    """Return the article's own lines. text: a paragraph a line. title: dropped if the text begins with it."""
    kept: list[str] = []
    announced = False
    for line in text.split("\n"):
        stripped = line.strip()
        if announced and _is_headline(stripped):
            announced = stripped.startswith(("-", "•", "*"))  # a list of links: all of its items go
            continue
        announced = False
        if not stripped or _repeats(stripped, title, kept):
            continue
        if len(stripped) <= MAX_LINE_CHARS:
            if found := _POINTER.fullmatch(stripped):
                announced = not (found["rest"] or "").strip(" :：>»→-–—|.…")
                continue
            if _LINE.fullmatch(stripped):
                continue
        kept.append(stripped)
    return "\n".join(kept)


def _is_headline(line: str) -> bool:
    return 0 < len(line) <= MAX_HEADLINE_CHARS and not line.endswith(_ENDS)


def _repeats(line: str, title: str, kept: list[str]) -> bool:
    """Return whether the line is the title over the text, or the line above once more."""
    if kept:
        return line == kept[-1]
    return bool(title) and _letters(line) == _letters(title)


def _letters(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())
