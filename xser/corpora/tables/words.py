"""Usual words of the cells of a table: languages, genders, parts of a split, times."""

import datetime
import math
import re

from xser.core.errors import XserError
from xser.corpora.description.languages import is_language, language_code

SHORT_CODES = """
    aa=aar ab=abk ae=ave af=afr ak=aka am=amh an=arg ar=ara as=asm av=ava ay=aym az=aze ba=bak be=bel bg=bul bi=bis
    bm=bam bn=ben bo=bod br=bre bs=bos ca=cat ce=che ch=cha co=cos cr=cre cs=ces cu=chu cv=chv cy=cym da=dan de=deu
    dv=div dz=dzo ee=ewe el=ell en=eng eo=epo es=spa et=est eu=eus fa=fas ff=ful fi=fin fj=fij fo=fao fr=fra fy=fry
    ga=gle gd=gla gl=glg gn=grn gu=guj gv=glv ha=hau he=heb hi=hin ho=hmo hr=hrv ht=hat hu=hun hy=hye hz=her ia=ina
    id=ind ie=ile ig=ibo ii=iii ik=ipk io=ido is=isl it=ita iu=iku ja=jpn jv=jav ka=kat kg=kon ki=kik kj=kua kk=kaz
    kl=kal km=khm kn=kan ko=kor kr=kau ks=kas ku=kur kv=kom kw=cor ky=kir la=lat lb=ltz lg=lug li=lim ln=lin lo=lao
    lt=lit lu=lub lv=lav mg=mlg mh=mah mi=mri mk=mkd ml=mal mn=mon mr=mar ms=msa mt=mlt my=mya na=nau nb=nob nd=nde
    ne=nep ng=ndo nl=nld nn=nno no=nor nr=nbl nv=nav ny=nya oc=oci oj=oji om=orm or=ori os=oss pa=pan pi=pli pl=pol
    ps=pus pt=por qu=que rm=roh rn=run ro=ron ru=rus rw=kin sa=san sc=srd sd=snd se=sme sg=sag si=sin sk=slk sl=slv
    sm=smo sn=sna so=som sq=sqi sr=srp ss=ssw st=sot su=sun sv=swe sw=swa ta=tam te=tel tg=tgk th=tha ti=tir tk=tuk
    tl=tgl tn=tsn to=ton tr=tur ts=tso tt=tat tw=twi ty=tah ug=uig uk=ukr ur=urd uz=uzb ve=ven vi=vie vo=vol wa=wln
    wo=wol xh=xho yi=yid yo=yor za=zha zh=zho zu=zul alb=sqi arm=hye baq=eus bur=mya chi=zho cze=ces dut=nld fre=fra
    geo=kat ger=deu gre=ell ice=isl mac=mkd mao=mri may=msa per=fas rum=ron slo=slk tib=bod wel=cym
"""
_LONG = dict(pair.split("=") for pair in SHORT_CODES.split())  # ISO 639-1 and 639-2/B to 639-3
GENDERS = {  # the one list of such words
    **dict.fromkeys("f female females fem w woman women girl girls".split(), "female"),
    **dict.fromkeys("m male males man men boy boys".split(), "male"),
}
PARTS = {
    **dict.fromkeys(("train", "training", "trn"), "train"),
    **dict.fromkeys(("valid", "validation", "val", "dev", "devel", "development"), "valid"),
    **dict.fromkeys(("test", "testing", "tst", "eval", "evaluation"), "test"),
}


def code_of_language(word: str) -> str:
    """Return the ISO 639-3 code of a language given by a code of two or three letters, a locale or a name.

    Raises
    ------
    XserError
        When the language is unknown.

    Examples
    --------
    >>> code_of_language("de-AT"), code_of_language("deu"), code_of_language("German"), code_of_language("zh")
    ('deu', 'deu', 'deu', 'zho')
    """
    start = re.split("[-_]", word.strip().casefold())[0]
    if start in _LONG:
        return _LONG[start]
    return language_code(start if len(start) == 3 and is_language(start) else word)


def gender_of(word: str) -> str:
    """Return ``male``, ``female``, or the word in lower case; empty for what says that it is unknown.

    Examples
    --------
    >>> gender_of("W"), gender_of("boy"), gender_of("Unknown"), gender_of("Divers")
    ('female', 'male', '', 'divers')
    """
    word = word.casefold()
    return "" if word in ("unknown", "unk", "?") else GENDERS.get(word, word)


def part_of(word: str) -> str | None:
    """Return ``train``, ``valid`` or ``test``, None for another word.

    Examples
    --------
    >>> part_of("Dev"), part_of("training"), part_of("left")
    ('valid', 'train', None)
    """
    return PARTS.get(word.casefold())


def seconds_of(time: str) -> float:
    """Return the seconds of a number, of ``h:m:s`` or of what pandas writes (``0 days 00:00:01.5``).

    Raises
    ------
    XserError
        When it is no time.

    Examples
    --------
    >>> seconds_of("1.5"), seconds_of("0 days 00:01:00.250000"), seconds_of("1:02:03")
    (1.5, 60.25, 3723.0)
    """
    days, _, clock = time.partition(" days ") if " days " in time else ("0", "", time)
    try:
        fields = [float(piece) for piece in clock.split(":")]
        if len(fields) not in (1, 3):
            raise ValueError(time)
        seconds = sum(piece * 60**power for power, piece in enumerate(reversed(fields)))
        seconds += datetime.timedelta(days=int(days)).total_seconds()
    except ValueError as error:
        raise XserError(f"{time!r} is no time in seconds") from error
    if not 0 <= seconds < math.inf:
        raise XserError(f"{time!r} is no time in seconds")
    return seconds
