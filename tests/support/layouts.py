"""How people lay out the corpora of the official lists: counts, changes of paths, and what a name says."""

import itertools
import unicodedata

ASVPESD = (548, 1598, 1868, 2694, 1453, 1180, 899, 1586, 401, 365, 834, 365, 172, 1)
EMNS = (126, 162, 150, 157, 149, 147, 139, 151)
RESD = (219, 185, 198, 223, 218, 191, 162)
JL = "angry sad neutral happy excited anxious apologetic assertive concerned encouraging".split()
# Turns of IEMOCAP that its list leaves out: the list has the five labels that most people use.
IEMOCAP_OTHERS = {"fru": 1849, "sur": 107, "fea": 40, "dis": 2, "oth": 3, "xxx": 2507}
# Counts of the official releases by native label, and the speakers that names or tables show; None where they do not.
COUNTS = {
    "emodb": ({"W": 127, "L": 81, "E": 46, "A": 69, "F": 71, "N": 79, "T": 62}, 10),
    "urdu": ({"A": 100, "H": 100, "N": 100, "S": 100}, 29),
    "ravdess": (
        {"neutral": 96, **dict.fromkeys(("calm", "happy", "sad", "angry", "fearful", "disgust", "surprised"), 192)},
        24,
    ),
    "turevdb": ({"Angry": 487, "Calm": 408, "Happy": 357, "Sad": 483}, 6),
    "esd": (dict.fromkeys(("Angry", "Happy", "Neutral", "Sad", "Surprise"), 7000), 20),
    "cafe": ({"C": 144, "D": 144, "J": 144, "N": 72, "P": 144, "S": 144, "T": 144}, 12),
    "cremad": ({"ANG": 1271, "DIS": 1271, "FEA": 1271, "HAP": 1271, "NEU": 1087, "SAD": 1271}, 91),
    "aesdd": ({"a": 121, "d": 122, "f": 120, "h": 119, "s": 122}, 6),
    "ased": ({"a": 486, "f": 510, "h": 486, "n": 522, "s": 470}, 65),
    "asvpesd": (dict(zip([f"{n:02}" for n in (*range(1, 14), 17)], ASVPESD, strict=True)), 131),
    "casia": (dict.fromkeys(("angry", "fear", "happy", "neutral", "sad", "surprise"), 200), 4),
    "emns": (dict(zip("Angry Disgust Excited Happy Neutral Sad Sarcastic Surprise".split(), EMNS, strict=True)), 1),
    "emovdb": ({"Amused": 1315, "Angry": 1267, "Disgust": 1019, "Neutral": 1566, "Sleepy": 1720}, 4),
    "emovo": (dict.fromkeys("dis gio neu pau rab sor tri".split(), 84), 6),
    "emozionalmente": (dict.fromkeys("anger disgust fear joy neutrality sadness surprise".split(), 986), 431),
    "enterface": ({"an": 211, "di": 211, "fe": 211, "ha": 208, "sa": 211, "su": 211}, 43),  # there is no "subject 12"
    "iemocap": ({"ang": 1103, "exc": 1041, "hap": 595, "neu": 1708, "sad": 1084} | IEMOCAP_OTHERS, 10),
    "jlcorpus": (dict.fromkeys(JL, 240), 4),
    "mer2023": ({"angry": 1208, "happy": 1038, "neutral": 1248, "sad": 730, "surprise": 190, "worried": 616}, None),
    "mesd": ({"Anger": 143, "Disgust": 144, "Fear": 144, "Happiness": 144, "Neutral": 143, "Sadness": 144}, None),
    "oreau": ({"C": 67, "D": 67, "J": 62, "N": 70, "P": 51, "S": 62, "T": 55}, 32),
    "polish": ({"a": 150, "n": 150, "s": 150}, 5),
    "resd": (dict(zip("anger disgust enthusiasm fear happiness neutral sadness".split(), RESD, strict=True)), 100),
    "savee": ({"a": 60, "d": 60, "f": 60, "h": 60, "n": 120, "sa": 60, "su": 60}, 4),
    "shemo": ({"A": 1034, "F": 29, "H": 198, "N": 1018, "S": 360, "W": 199}, 87),
    "subesco": (dict.fromkeys("ANGRY DISGUST FEAR HAPPY NEUTRAL SAD SURPRISE".split(), 1000), 20),
    "tess": (dict.fromkeys("angry disgust fear happy neutral ps sad".split(), 400), 2),
}


def same(path):
    return path


def flat(path):
    return path.rpartition("/")[2]


def nested(path):
    return f"download/My Corpora/{path}"


def without_top(path):
    return path.partition("/")[2]


def upper_suffix(path):
    return path[:-4] + path[-4:].upper()


def esd_parts(path):
    speaker, emotion, name = path.split("/")
    part = {"0": "train", "1": "evaluation", "2": "test"}.get(name[-5], "train")
    return f"Emotion Speech Dataset/{speaker}/{emotion}/{part}/{name}"


def garbled(replacement):
    """Spoil accents in folder names, as some unzips do."""

    def spoil(path):
        return path.replace("ColŠre", f"Col{replacement}re").replace("D‚go–t", f"D{replacement}go{replacement}t")

    return spoil


def accents(form):
    def repair(path):
        return unicodedata.normalize(form, path.replace("ColŠre", "Colère").replace("D‚go–t", "Dégoût"))

    return repair


def emovdb_folders(path):
    return "/".join(path.split("_", 1))


def tess_folders(path):
    voice, _, rest = path.partition("_")
    return f"TESS Toronto/{voice}_{rest.rpartition('_')[2][:-4].capitalize()}/{path}"


def tess_odd(path):
    """Half the older speaker's files without their F, some in odd case."""
    path = path.replace("OAF_b", "OA_b").replace("_angry", "_Angry")
    return path.replace("YAF_c", "yaf_c")


VARIANTS = {
    "emodb": (same, flat, nested, upper_suffix),
    "urdu": (same, flat, nested),
    "ravdess": (same, flat, nested, without_top, lambda path: f"audio_speech_actors_01-24/{path.split('/', 2)[2]}"),
    "turevdb": (same, flat, nested, without_top),
    "esd": (same, flat, esd_parts),
    "cafe": (
        same, flat, nested, without_top, garbled("?"), garbled("\udc8a"), garbled("\ufffd"), garbled("├и"),
        accents("NFC"), accents("NFD"), lambda path: path.replace("CaFE_48k", "CaFE_192k_1"),
    ),
    "cremad": (same, flat, nested),
    "aesdd": (same, flat, nested),
    "ased": (same, flat, nested),
    "asvpesd": (same, flat),
    "casia": (same, nested),
    "emns": (same, flat, lambda path: path.replace(".webm", ".wav")),
    "emovdb": (same, nested, emovdb_folders),
    "emovo": (same, flat, nested),
    "emozionalmente": (same, nested),
    "enterface": (same, nested),
    "iemocap": (same, nested),
    "jlcorpus": (same, flat),
    "mer2023": (same, nested, lambda path: path.removeprefix("mer2023train/")),
    "mesd": (same, flat, nested),
    "oreau": (same, flat, accents("NFC"), accents("NFD"), without_top),
    "polish": (same, nested),
    "resd": (same, flat, nested),
    "savee": (same, lambda path: path.replace("_", "/"), lambda path: f"ALL/{path}", nested),
    "shemo": (same, flat, nested),
    "subesco": (same, nested),
    "tess": (same, tess_folders, tess_odd, upper_suffix),
}  # fmt: skip


NAMES = [  # a name as the corpus has it, and what it says
    ("emodb", "wav/03a01Fa.wav", dict(speaker="03", gender="male", text="a01", take="a", label="F")),
    ("emodb", "wav/08b10Wd.wav", dict(speaker="08", gender="female", text="b10", take="d", label="W")),
    ("urdu", "Angry/SM1_F10_A010.wav", dict(speaker="SM1", gender="male", label="A")),
    ("urdu", "Happy/SF12_F6_H0106.wav", dict(speaker="SF12", gender="female", label="H")),
    (
        "ravdess",
        "Actor_18/03-01-05-01-02-01-18.wav",
        dict(speaker="18", gender="female", text="02", take="01", intensity="normal", label="angry"),
    ),
    (
        "ravdess",
        "Actor_07/03-01-06-02-01-02-07.wav",
        dict(speaker="07", gender="male", text="01", take="02", intensity="strong", label="fearful"),
    ),
    ("turevdb", "Sound Source/Angry/1157_kz_beste.wav", dict(speaker="1157", text="beste", label="Angry")),
    ("turevdb", "Sound Source/Calm/1234_sk_beste.wav", dict(speaker="1234", text="beste", label="Calm")),
    ("turevdb", "Sound Source/Happy/1234_mt_beste.wav", dict(speaker="1234", text="beste", label="Happy")),
    ("turevdb", "Sound Source/Sad/7895_hl_ogul1.wav", dict(speaker="7895", text="ogul", take="1", label="Sad")),
    (
        "esd",
        "0001/Angry/0001_000351.wav",
        dict(speaker="0001", gender="female", text="cmn-1", language="cmn", label="Angry"),
    ),
    (
        "esd",
        "0020/Neutral/test/0020_000350.wav",
        dict(speaker="0020", gender="male", text="eng-0", language="eng", label="Neutral"),
    ),
    (
        "cafe",
        "Colère/Fort/01-C-2-6.wav",
        dict(speaker="01", gender="male", text="6", intensity="strong", label="C"),
    ),
    ("cafe", "Neutre/12-N-1-3.wav", dict(speaker="12", gender="female", text="3", label="N")),
    ("cremad", "AudioWAV/1001_DFA_ANG_XX.wav", dict(speaker="1001", gender="male", text="DFA", label="ANG")),
    (
        "cremad",
        "AudioWAV/1091_IEO_SAD_HI.wav",
        dict(speaker="1091", gender="female", text="IEO", intensity="high", label="SAD"),
    ),
    ("aesdd", "anger/a03 (3).wav", dict(speaker="3", text="03", label="a")),
    ("aesdd", "disgust/d03 (01).wav", dict(speaker="1", text="03", label="d")),
    ("aesdd", "sadness/s01 (5)b.wav", dict(speaker="5", text="01", take="b", label="s")),
    ("ased", "05Angry/a5-02-01-01-33.wav", dict(speaker="33", gender="female", text="a02", take="01", label="a")),
    ("ased", "04Sad/S4-04-02-02-39.wav", dict(speaker="39", gender="male", text="s04", take="02", label="s")),
    (
        "asvpesd",
        "Audio/actor_36/03-01-09-01-06-36-02-02-01-39.wav",
        dict(speaker="36", gender="male", age="20 to 64", intensity="normal", label="09"),
    ),
    (
        "asvpesd",
        "Bonus/actor_150/03-02-04-02-52-151-04-01-00-14 -01.wav",
        dict(speaker="151", gender="female", age="baby", intensity="high", label="04"),
    ),
    ("baved", "0/0-m-21-0-1-105.wav", dict(speaker="0", gender="male", age="21", text="0", label="1")),
    ("baved", "3/12-F-30-3-2-7.wav", dict(speaker="12", gender="female", age="30", text="3", label="2")),
    (
        "casia",
        "wangzhe/neutral/239.wav",
        dict(utterance="wangzhe_neutral_239", speaker="wangzhe", text="239", label="neutral"),
    ),
    ("emouerj", "m01h01.wav", dict(speaker="m01", gender="male", take="01", label="h")),
    ("emouerj", "w04n12.wav", dict(speaker="w04", gender="female", take="12", label="n")),
    (
        "emovdb",
        "jenie_Amused/amused_57-84_0057.wav",
        dict(utterance="jenie_Amused_0057", speaker="jenie", gender="female", text="0057", label="Amused"),
    ),
    (
        "emovdb",
        "sam_Disgusted/Disgust_169_196_0169.wav",
        dict(utterance="sam_Disgust_0169", speaker="sam", gender="male", text="0169", label="Disgust"),
    ),
    ("emovo", "f2/gio-f2-b2.wav", dict(speaker="f2", gender="female", text="b2", label="gio")),
    (
        "enterface",
        "subject 11/anger/sentence 4/s12_an_4.avi",
        dict(utterance="s11_an_4", speaker="11", text="an4", label="an"),
    ),
    (
        "enterface",
        "subject 16/surprise/sentence 3/s16_su_3avi.avi",
        dict(utterance="s16_su_3", speaker="16", text="su3", label="su"),
    ),
    (
        "enterface",
        "subject 3/fear/sentence 5/s_3_fe_5.avi",
        dict(utterance="s3_fe_5", speaker="3", text="fe5", label="fe"),
    ),
    ("enterface", "subject 6/anger/s6_an.avi", dict(utterance="s6_an", speaker="6", label="an")),
    (
        "jlcorpus",
        "JL(wav+txt)/male2_concerned_6b_1.wav",
        dict(speaker="male2", gender="male", text="secondary-6", take="b1", label="concerned"),
    ),
    (
        "jlcorpus",
        "female1_angry_10a_2.wav",
        dict(speaker="female1", gender="female", text="primary-10", take="a2", label="angry"),
    ),
    ("jvnv", "F1/anger/free/F1_anger_free_01.wav", dict(speaker="F1", gender="female", label="anger")),
    (
        "jvnv",
        "M2/sad/regular/M2_sad_regular_07.wav",
        dict(speaker="M2", gender="male", text="sad-07", label="sad"),
    ),
    (
        "mead",
        "W019/audio/neutral/level_1/020.m4a",
        dict(utterance="W019_neutral_level1_020", speaker="W019", gender="female", label="neutral"),
    ),
    (
        "mead",
        "M003/audio/angry/level_3/001.m4a",
        dict(utterance="M003_angry_level3_001", speaker="M003", gender="male", intensity="3", label="angry"),
    ),
    ("mesd", "Anger_F_A_tarde.wav", dict(gender="female", age="adult", text="tarde", label="Anger")),
    ("mesd", "Fear_C_A_basta_ya.wav", dict(age="child", text="basta_ya", label="Fear")),
    (
        "oreau",
        "OréauFR_02/f/sessj/10a02Ja.wav",
        dict(speaker="10", gender="female", text="a02", take="a", label="J"),
    ),
    ("oreau", "m/sesst/07z03Tb.wav", dict(speaker="07", gender="male", text="z03", take="b", label="T")),
    (
        "polish",
        "m3.s_trzymaj_5.wav",
        dict(speaker="m3", gender="male", age="21 to 23", text="trzymaj", take="5", label="s"),
    ),
    (
        "resd",
        "train/happiness_enthusiasm_32/32_happiness_enthusiasm_h_120.wav",
        dict(speaker="32_happiness_enthusiasm_h", official_part="train", label="happiness"),
    ),
    (
        "resd",
        "test/01_happiness_anger/01_happiness_anger a_010.wav",
        dict(speaker="01_happiness_anger_a", official_part="test", label="anger"),
    ),
    ("savee", "DC/a01.wav", dict(utterance="DC_a01", speaker="DC", gender="male", text="a01", label="a")),
    ("savee", "ALL/KL_su15.wav", dict(utterance="KL_su15", speaker="KL", gender="male", text="su15", label="su")),
    ("shemo", "male/M36S02.wav", dict(speaker="M36", gender="male", label="S")),
    (
        "subesco",
        "F_10_FAHMEE_S_6_FEAR_5.wav",
        dict(speaker="F_10", gender="female", text="6", take="5", label="FEAR"),
    ),
    (
        "subesco",
        "F_02_MONIKA_S_2_SURPRISE_3].wav",
        dict(
            utterance="F_02_MONIKA_S_2_SURPRISE_3",
            speaker="F_02",
            gender="female",
            text="2",
            take="3",
            label="SURPRISE",
        ),
    ),
    (
        "tess",
        "OAF_angry/OAF_back_angry.wav",
        dict(speaker="OAF", gender="female", age="64", text="back", label="angry"),
    ),
    (
        "tess",
        "OA_bite_Neutral.wav",
        dict(utterance="OAF_bite_neutral", speaker="OAF", gender="female", age="64", text="bite", label="neutral"),
    ),
    (
        "tess",
        "yaf_youth_PS.WAV",
        dict(utterance="YAF_youth_ps", speaker="YAF", gender="female", age="26", text="youth", label="ps"),
    ),
]


def ravdess_by_rule():
    """Paths of all of RAVDESS."""
    emotions = [f"{emotion:02}" for emotion in range(1, 9)]
    return [
        f"Actor_{actor:02}/03-01-{emotion}-{intensity}-{text}-{take}-{actor:02}.wav"
        for actor, emotion in itertools.product(range(1, 25), emotions)
        for intensity, text, take in itertools.product(("01", "02"), repeat=3)
        if (emotion, intensity) != ("01", "02")
    ]
