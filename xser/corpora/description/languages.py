"""Languages: ISO 639-3 codes in files, English names for people. The table is languages.tsv, of 124 kB.

No library has what is needed. pycountry (21 MB) knows no macrolanguages, and neither Swahili, Mandarin nor Greek by
these names. langcodes with its data (30 MB) knows 64 of 444 macrolanguages, and reads 136 of 8,316 names otherwise:
Fala, of Spain, as French.
"""

import difflib
import functools
from pathlib import Path

from xser.core.errors import XserError
from xser.corpora.description.file_patterns import nfc

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
OLD_CODES = "mo=ron iw=heb in=ind ji=yid jw=jav sh=hbs"  # withdrawn from ISO 639-1, and still written
COUNTRIES = "cn=zho cz=ces dk=dan gb=eng gr=ell jp=jpn ua=ukr us=eng"  # written for a language; no codes of any
OWN_NAMES = """
    ara=العربية ben=বাংলা bul=български cat=català ces=čeština cmn=普通话 dan=dansk deu=deutsch ell=ελληνικά est=eesti
    eus=euskara fas=فارسی fin=suomi fra=français heb=עברית hin=हिन्दी hrv=hrvatski hun=magyar hye=հայերեն
    ind=bahasa_indonesia isl=íslenska ita=italiano jpn=日本語 kat=ქართული kor=한국어 lav=latviešu lit=lietuvių
    mkd=македонски msa=bahasa_melayu nld=nederlands nor=norsk pol=polski por=português ron=română rus=русский
    slk=slovenčina slv=slovenščina spa=español sqi=shqip srp=srpski srp=српски swe=svenska tam=தமிழ் tha=ไทย tur=türkçe
    ukr=українська urd=اردو vie=tiếng_việt yue=粵語 zho=中文 zho=汉语 aze=azeri
"""  # what their speakers call them
CLOSE = {  # kin that one listener understands: what they are together, and who says so
    "Serbo-Croatian (hbs), a macrolanguage of ISO 639-3": "bos cnr hrv srp",
    "Norwegian (nor), a macrolanguage of ISO 639-3": "nno nob",
    "Malay (msa), a macrolanguage of ISO 639-3": "ind zlm zsm",
    "Persian (fas), a macrolanguage of ISO 639-3": "pes prs",
    "Azerbaijani (aze), a macrolanguage of ISO 639-3": "azb azj",
    "Estonian (est), a macrolanguage of ISO 639-3": "ekk vro",
    "Latvian (lav), a macrolanguage of ISO 639-3": "ltg lvs",
    "Swahili (swa), a macrolanguage of ISO 639-3": "swc swh",
    "Uzbek (uzb), a macrolanguage of ISO 639-3": "uzn uzs",
    "Hindustani (Glottolog hind1270)": "hin urd",
    "Tagalog (Glottolog taga1280), of which Filipino is the standard": "fil tgl",
}


@functools.cache
def _short() -> dict[str, str]:
    """Return {code of two letters, or of ISO 639-2/B: code}."""
    return dict(pair.split("=") for pair in f"{SHORT_CODES} {OLD_CODES}".split())


@functools.cache
def _table() -> dict[str, tuple[str, list[str]]]:
    """Return {code: (code of its macrolanguage or "", names)}."""
    lines = Path(__file__).with_name("languages.tsv").read_text(encoding="utf-8").splitlines()
    rows = (line.split("\t") for line in lines if not line.startswith("#"))
    return {code: (macrolanguage, names) for code, macrolanguage, *names in rows}


@functools.cache
def _codes() -> dict[str, str]:
    named = {name.lower(): code for code, (_, names) in _table().items() for name in names if len(name) > 2}
    own = (pair.split("=") for pair in OWN_NAMES.split())
    return named | {nfc(name.replace("_", " ")): code for code, name in own} | _short()


def language_name(code: str) -> str:
    """Return a language's English name.

    Raises
    ------
    XserError
        When the code is unknown.

    Examples
    --------
    >>> language_name("deu"), language_name("swa")
    ('German', 'Swahili')
    """
    if code not in _table():
        raise _unknown(code)
    return _table()[code][1][0]


def language_code(language: str) -> str:
    """Return the ISO 639-3 code of a language given by its code, an English name of it or its own, in any case.

    Raises
    ------
    XserError
        When the language is unknown.

    Examples
    --------
    >>> language_code("german"), language_code("DEU"), language_code("Deutsch"), language_code("mo")
    ('deu', 'deu', 'deu', 'ron')
    """
    word = nfc(language).strip().lower()
    if word in _table():
        return word
    if word not in _codes():
        raise _unknown(language)
    return _codes()[word]


def is_language(word: str) -> bool:
    """Whether `word` is a code or a name of a language.

    Examples
    --------
    >>> is_language("Swahili"), is_language("Elvish")
    (True, False)
    """
    word = nfc(word).strip().lower()
    return word in _table() or word in _codes()


def one_language(code: str, other: str) -> bool:
    """Whether two codes may stand for one language: they are equal, or one is the other's macrolanguage.

    Examples
    --------
    >>> one_language("swa", "swh"), one_language("zho", "cmn"), one_language("cmn", "yue"), one_language("urd", "hin")
    (True, True, False, False)
    """
    return code == other or _table()[code][0] == other or _table()[other][0] == code


def close_kin(code: str, other: str) -> str:
    """Return what two languages are together whose speakers understand each other; empty for others.

    Examples
    --------
    >>> close_kin("urd", "hin"), close_kin("deu", "nld")
    ('Hindustani (Glottolog hind1270)', '')
    """
    return next((what for what, codes in CLOSE.items() if code != other and {code, other} <= {*codes.split()}), "")


def same_language(code: str, other: str) -> bool:
    """Whether two codes are one language to a listener: `one_language`, or close kin.

    Examples
    --------
    >>> same_language("urd", "hin"), same_language("zho", "cmn"), same_language("cmn", "yue")
    (True, True, False)
    """
    return one_language(code, other) or bool(close_kin(code, other))


def _unknown(language: str) -> XserError:
    word = str(language).strip().lower()
    countries = dict(pair.split("=") for pair in COUNTRIES.split())
    near = [_codes()[name] for name in difflib.get_close_matches(word, _codes(), n=3) if len(word) > 3]
    near = [countries[word]] if word in countries else list(dict.fromkeys(near))
    meant = " or ".join(f"{code} ({language_name(code)})" for code in near)
    return XserError(
        f"unknown language {language!r}{f': is it {meant}?' if meant else ''}: give its ISO 639-3 code, such as "
        "deu (German), or its English name"
    )
