"""One tokeniser for every database: what is stored and what is asked go through the same ``tokens``.

English is stemmed, and its function words are left out. Chinese and Japanese are not divided into words by spaces, and
Korean words carry their particles; all three become pairs of neighbouring characters, which need no dictionary. A
single Han character is often a whole word (车, 人, 门), so those are kept beside the pairs.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from functools import lru_cache
from threading import Lock

import snowballstemmer

HAN = "\u2e80-\u2fdf\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
KANA = "\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff"
HANGUL = "\u1100-\u11ff\u3130-\u318f\uac00-\ud7af"

_RUN = re.compile(
    rf"(?P<cjk>[{HAN}{KANA}]+)|(?P<hangul>[{HANGUL}]+)|(?P<number>\d+(?:\.\d+)+)|(?P<word>[^\W_{HAN}{KANA}{HANGUL}]+)"
)
_ASCII_WORD = re.compile(r"\d+(?:\.\d+)+|[a-z0-9]+")
_ASCII_LETTERS = str.maketrans(
    {number: chr(number).lower() if chr(number).isalnum() or chr(number) == "." else " " for number in range(128)}
    | dict.fromkeys(map(ord, "'`"))
)
"""ASCII in lower case and without apostrophes; what divides words, points apart, is a space."""
_HAN = re.compile(f"[{HAN}]")
_APOSTROPHES = str.maketrans("", "", "'’`´ʼ")
_PARTICLES = frozenset("은는이가을를에의도로와과만")
_LONGEST_WORD = 40

STOP_WORDS = frozenset(
    """
    a about above across after again against all along also although always am among an and any anybody anyone anything
    are arent around as at be became because become becomes been before behind being below between both but by came can
    cannot cant come could couldnt did didnt do does doesnt doing done dont down during each either else ever every for
    from get gets getting go goes going gone got had hadnt has hasnt have havent having he her here hers herself hes him
    himself his how however i id if ill im in into is isnt it itll its itself ive just kind let lets like made make
    makes many may maybe me might more most much must my myself neither no nobody none nor not nothing now of off often
    ok okay on once one only onto or other others our ours ourselves out over own perhaps put quite rather really said
    same say says shall she shes should shouldnt since so some somebody someone something sort still such than that
    thats the their theirs them themselves then there theres these they theyre thing things this those though through
    thus to too toward towards under until up upon us very was wasnt way we well went were werent weve what whatever
    whats when where whether which while who whoever whom whose why will with within without wont would wouldnt yes yet
    you youd youll your youre yours yourself youve
    """.split()  # noqa: SIM905
)
"""Function words and the emptiest verbs, without apostrophes; they stand nearly everywhere and tell nothing apart."""


def tokens(text: str) -> list[str]:
    """The index terms of ``text`` in order, repeats kept; empty where nothing in it can be searched for.

    Full-width and compatibility forms are unified (NFKC) and letters lower-cased. Terms hold letters and digits, and
    points between digits; never spaces, quotes or operators.
    """
    return [term(word) for word in words(text)]


def words(text: str) -> list[str]:
    """The words of ``text`` that stand for its terms, in lower case but not stemmed, function words left out."""
    if text.isascii():  # most speech, in a tenth of the time
        plain = text.translate(_ASCII_LETTERS)
        # A point between digits belongs to the number; any other is the end of a word.
        found = _ASCII_WORD.findall(plain) if "." in plain else plain.split()
        return [word[:_LONGEST_WORD] for word in found if word not in STOP_WORDS]
    found = []
    for run in _RUN.finditer(unicodedata.normalize("NFKC", text).lower().translate(_APOSTROPHES)):
        part = run.group()
        if run.lastgroup == "cjk":
            found += _unspaced(part)
        elif run.lastgroup == "hangul":
            found += _korean(part)
        elif part not in STOP_WORDS:
            found.append(part[:_LONGEST_WORD])
    return found


@lru_cache(maxsize=65_536)
def term(word: str) -> str:
    """The index term of one of ``words``."""
    # The stemmer keeps the word it works on in itself.
    with _ONE_AT_A_TIME:
        stem: str = _STEMMER.stemWord(word)
    return stem


def _unspaced(run: str) -> list[str]:
    """Every pair of neighbours, and every Han character by itself; a lone kana stands for itself."""
    if len(run) == 1:
        return [run]
    return _pairs(run) + _HAN.findall(run)


def _korean(word: str) -> list[str]:
    """Every pair of neighbouring syllables; a noun of one syllable is also found without its particle (차가, 차는)."""
    if len(word) == 1:
        return [word]
    return _pairs(word) + ([word[0]] if len(word) == 2 and word[1] in _PARTICLES else [])


def _pairs(run: str) -> list[str]:
    return [first + second for first, second in itertools.pairwise(run)]


_ONE_AT_A_TIME = Lock()
_STEMMER = snowballstemmer.stemmer("english")
