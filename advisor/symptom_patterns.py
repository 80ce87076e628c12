"""The words of symptoms: how people say that training went wrong (pure).

The decision to know: `PATTERNS` is read in order, special before general, on lower-case
text. Each is written for ways of saying it, not for single sentences; how many of them
are read right is measured in `tests/advisor/test_symptoms.py`.
"""

import re

REACH = 80  # characters after a change in which its values are looked for
MOST_STEPS = 10**9
_GAP = r"(?:[^.?!\n]|\.(?=\d)){0,%d}?"  # within a sentence
_G10, _G20, _G30, _G60 = (_GAP % n for n in (10, 20, 30, 60))
_NOT = (
    r"(?:won'?t|will not|not|never|doesn'?t|don'?t|didn'?t|can'?t|cannot|isn'?t|"
    r"aren'?t|hasn'?t|haven'?t|no longer)"
)
_LOSS = r"\bloss+(?:es)?(?:[ _]?[ab])?\b"
_SCORE = r"\b(?:loss+(?:es)?|acc(?:uracy)?|dice|score|it)(?:[ _]?[ab])?\b"
_PICTURE = r"(?:faces?|outputs?|pictures?|images?|previews?|results?)"
_GREY = r"(?:gr[ae]y|black|white|brown|blank|beige)"
_TINT = r"(?:yellow|green|purple|violet|blue|red|orange|pink)(?:ish)?"
_MUSH = r"(?: \w+)? (?:mush|soup|smear|mud)"

_RAW: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "out_of_memory",
        (
            r"\bout ?of ?memory\w*|\booms?\b|\bmemory ?error|\btried to allocate",
            r"\bnot enough (?:v?ram|memory)|\bout of v?ram\b|\bvram (?:is )?full",
        ),
    ),
    (
        "overfit",
        (
            r"\boverfit\w*|\bmemori[sz]\w+|\b(?:doesn.?t|not|won.?t) generali[sz]e\w*",
            rf"\btrain(?:ing)?\b(?: (?:loss|acc\w*|error|set))?{_G60}"
            r"\b(?:val(?:idation)?|test|held.?out)\b",
            r"\b(?:val(?:idation)?|test) (?:loss|acc\w*|error|score)?"
            rf"{_G60}\btrain(?:ing)?\b",
            rf"\ba ?(?:->|>|to) ?a\b{_G60}\bswap\w*\b{_G20}\b(?:bad|wrong|awful|"
            r"terrible|nothing like|not)\b",
            rf"\bswap\w*\b{_G20}\b(?:look|is|are)\w*{_G10}\bnothing like\b",
        ),
    ),
    (
        "odd_loss",
        (
            rf"{_LOSS}(?: (?:is|are|goes|going|went|turned|turns|gets|became))* "
            r"(?:negative|below zero|minus)\b",
            rf"\bnegative {_LOSS}",
            rf"{_LOSS}(?: (?:is|says|reads|shows|exactly|just|at|of|=))*[ :=]+"
            r"(?:0(?:\.0+)?(?![\d.])|zero\b)",
        ),
    ),
    (
        "sides_alike",
        (
            rf"\b(?:both|the two) (?:sides|faces|people|persons)\b{_G20}"
            r"\b(?:identical|same|alike)\b",
            rf"\b(?:face|side) a and (?:face |side )?b\b{_G30}"
            r"\b(?:identical|same|alike)\b",
            r"\bno swap\b|\bswap\w* (?:doesn'?t|does not|does|do|don't) (?:do )?"
            r"(?:anything|nothing)\b|\b[ab] ?(?:->|>|to) ?[ab] just shows\b",
            rf"\bswap\w*\b{_G20}\b(?:gives?|shows?|returns?|is|looks? like)\b{_G10}"
            r"\b(?:original|source|same|unswapped) (?:face|person|picture|image)\b",
        ),
    ),
    (
        "slow_steps",
        (
            r"\b(?:slow\w*|only|just|takes?)\b[^?!\n]{0,30}?(?:\begs?\b|\bits?/s\b|"
            r"\biterations? per second|\bs/it\b|\bseconds? (?:per|an?|/) ?"
            r"(?:iteration|iter|step|it)\b)",
            r"\b(?:steps?|iterations?) takes? (?:forever|ages|\d)",
        ),
    ),
    (
        "spike",
        (
            r"\b(?:jump|shoot|peak|spik)\w*\b[^?!\n]{0,60}?\b(?:comes?|came|goes|went|"
            r"settles?|recover\w*)\b(?: back| down| again)*",
            rf"\bspik\w*\b(?!{_G30}\b(?:stay|remain)\w*)",
        ),
    ),
    (
        "never_sharp",
        (
            rf"\b{_NOT}\b(?: \w+){{0,2}} (?:sharp\w*|detail\w*|crisp\w*)\b",
            r"\bstill\b(?: \w+){0,2} (?:blur\w*|ghost\w*|fuzz\w*|soft|mush\w*)\b",
            r"\b(?:stay|remain|stuck)\w*(?: so| very| at)? (?:blur\w*|mush\w*|soft|"
            r"fuzz\w*)\b",
        ),
    ),
    (
        "loss_swings",
        (
            r"\b(?:swing\w*|swung|oscillat\w*|zig-?zag\w*|yo-?yo\w*|bounc\w+|"
            r"fluctuat\w*|jitter\w*|erratic\w*|wobbl\w*|flicker\w*|saw-?tooth\w*|"
            r"all over the place|back and forth|hin und her|unstable|roller-?coaster|"
            r"earthquake|seismograph|volatile|choppy|wildly)\b",
            r"\b(?:look|shape|form|teeth) of a saw\b|\blike a saw\b",
            r"\bup and (?:then )?down\b|\bdown and (?:then )?up\b|\bnever settles?\b",
            rf"\bdown then{_G20}\bup then\b{_G20}\bdown\b",
            r"\bjump\w* (?:around|about)\b",
        ),
    ),
    (
        "plateau",
        (
            r"\b(?:stuck|plateau\w*|hits? a wall|chance level|at chance|unchanged|"
            r"flat-?lin\w+|flat line|stagnat\w*|stall(?:s|ed|ing)?|frozen)\b",
            rf"\b{_NOT}\b(?: \w+){{0,2}}? get(?:s|ting)?(?: any)? (?:better|lower)\b",
            r"\bno (?:more |further |real )?(?:progress|improvement)\b",
            rf"\b{_NOT}\b(?: \w+){{0,2}}? (?:converg\w*|fall\w*|drop\w*|decreas\w*|"
            r"go(?:es|ing)? (?:any )?(?:down|lower)|mov(?:e|es|ed|ing)|budg\w*|"
            r"learn\w*|improv\w*|com(?:e|es|ing) down)\b",
            r"\bstop(?:ped|s)? (?:learning|improving|falling|converging)\b",
            r"\bnothing (?:\w+ ){0,3}?(?:learn\w*|happen\w*|improv\w*)\b",
            rf"{_SCORE}{_G20}\b(?:flat(?:lin\w+)?|constant|hang(?:s|ing)? at|"
            r"sit(?:s|ting)? at|stay(?:s|ed)? (?:at|constant|flat|the same)|"
            r"stand(?:s|ing)? still)\b",
            r"\bits? (?:is )?flat\b|\bflat loss\b",
        ),
    ),
    (
        "constant_output",
        (
            r"\bmode collapse\w*|\bgr[ae]y all\b|\bclones?\b|\balways the same\b",
            rf"\b(?:all|every|each)\b(?: \w+){{0,2}}? {_PICTURE}\b{_G30}"
            r"\b(?:same|alike|identical)\b",
            rf"\b{_PICTURE} (?:(?:are|all|looks?|the|become|became|exactly) ){{1,4}}"
            r"(?:same|alike|identical)\b",
            r"\b(?:same|mean|average) (?:face|picture|image|person|expression|"
            r"output)\b",
            rf"\b(?:{_GREY}|uniform|solid|single|one|plain)(?: \w+)? (?:squares?|"
            r"blobs?|rectangles?|colou?r|previews?|screens?|windows?|pictures?|"
            r"images?)\b",
            r"\b(?:all|everything|uniform|completely|totally|entirely|just|pure|solid)"
            rf"(?: (?:is|went|turned|just|turns|goes))? (?:a )?{_GREY}\b(?!{_MUSH})",
        ),
    ),
    (
        "washed_out",
        (
            r"\bwash\w*[ -]?out\b|\bpale\w*\b|\bfad(?:e|es|ed|ing)\b|\bdull\b|"
            r"\bgr[ae]yish\b|\bdesaturat\w*|\bdiscolou?r\w*|\bcolou?rless\b|\bmilky?\b|"
            r"\bbleach\w*|\bsunburn\w*|\bskin ?tones?\b",
            r"\b(?:mess of|wrong|weird|strange|odd|funny|crazy) colou?rs?\b",
            r"\bgr[ae]y veil\b|\bno (?:more )?colou?rs?\b",
            rf"\bcolou?rs?\b{_G20}\b(?:off|gone|wrong|weird|strange|drain\w*|missing|"
            r"vanish\w*|disappear\w*|shift\w*|lost|bled|bleed\w*)\b",
            rf"\b(?:all|kind of|turn\w*|went|goes|go|is|are|becom\w*|became|looks?) "
            rf"(?:all |kind of |so |completely )*{_TINT}\b",
            rf"\b(?:{_TINT}|dark) (?:spots?|blotch\w*|tints?|patch\w*|stains?|cast)\b",
            rf"\b(?:faces?|skin)\b{_G10}\bgr[ae]y\b",
        ),
    ),
    (
        "blurry",
        (
            r"\bblur\w*|\bmush\w*|\bsmear\w*|\bsmudg\w*|\bmudd?y\w*|\bmud\b|\bsoup\b|"
            r"\bfuzz\w*|\bout of focus\b|\bhaz[ey]\b|\bless sharp\b|\bghosting\b|"
            r"\bfogg?y?\b|\bporridge\b|\bindistinct\b|\bwaxy\b|\bno more details?\b",
            r"\b(?:teeth|eyes|eyebrows|details?|hair|sharpness)\b(?: \w+){0,2}? "
            r"(?:vanish\w*|gone|disappear\w*|lost|melt\w*)\b",
            r"\b(?:lost|loses?|losing)\b(?: \w+){0,2}? (?:details?|sharpness)\b",
        ),
    ),
    (
        "artefacts",
        (
            r"\bchecker-?board\w*|\barte?i?facts?\b|\bartifact\w*|\bblocky\b|"
            r"\bgrid (?:lines?|pattern)\b|\bstripes?\b|\bspeckl\w*|\braster\b|"
            r"\bmosaic\b|\bpixelat\w*|\bglitch\w*|\blittle squares\b",
            r"\b(?:turn\w* (?:in)?to|just|pure|only|nothing but) (?:noise|static)\b",
        ),
    ),
    (
        "not_a_number",
        (
            r"\bnan(?:s|'?d|'?ed|ning)?\b|\bnot a number\b|\bnot finite\b|"
            r"\bnon-?finite\b|\binf(?:inity|inite)?\b|\boverflow\w*",
        ),
    ),
    (
        "loss_up",
        (
            r"\bexplod\w*|\bexplosion\b|\bdiverg\w*|\bbl(?:ow|ew|own|ows|owing|owed) ?"
            r"(?:\w+ )?up\b|\bthrough the roof\b|\bsky-?rocket\w*|"
            r"\bsho(?:t|ots?|oting) up",
            rf"{_LOSS}{_G30}\b(?:go|goes|going|went|crept|creep\w*|keeps? going|gone)"
            r"(?: \w+)? up\b",
            rf"{_LOSS}{_G30}\b(?:climb\w*|ris(?:e|es|ing)|rose|increas\w*|grow\w*|"
            r"jump(?:s|ed)?|doubl\w*|tripl\w*|spik\w*)\b",
            r"\b(?:got|gets|getting|is|becomes) (?:worse|way worse|much worse)\b|"
            r"\bworse and worse\b|\brose again\b|\boff the charts?\b|\bup and up\b",
            rf"\b(?:acc(?:uracy)?|dice|score)\b{_G20}\b(?:collaps\w*|drop(?:s|ped)|fell|"
            r"falls|crash\w*)\b",
        ),
    ),
    (
        "slow",
        (
            r"\bslow(?:er|est)?\b|\bbarely (?:\w+ )?(?:improv|learn|mov)\w*|"
            r"\btakes? (?:forever|ages|too long)\b|\bglacial\w*|\bcrawl\w*|\bsnail\w*|"
            r"\bsluggish\w*",
        ),
    ),
)
_ONE_SIDE = (
    rf"\b(?:side|face|decoder) [ab]\b{_G60}\b(?:side|face|decoder) [ab]\b"
    r"|\bgap\b(?: \w+){0,2} (?:open|widen|grow)\w*"
    r"|\b(?:only|just) (?:the )?(?:side|face|decoder) [ab]\b"
    rf"|\bloss[ _]?a (?:is )?(?:fine|ok|good|falls?|falling)\b{_G20}\bloss[ _]?b\b"
)
# Name, pattern, and whether the words are left for the next patterns to read.
PATTERNS: tuple[tuple[str, re.Pattern[str], bool], ...] = tuple(
    (name, re.compile("|".join(patterns)), False) for name, patterns in _RAW
)
_AFTER = next(i for i, p in enumerate(PATTERNS) if p[0] == "sides_alike") + 1
PATTERNS = (
    *PATTERNS[:_AFTER],
    ("one_side", re.compile(_ONE_SIDE), True),
    *PATTERNS[_AFTER:],
)

# Says little: counts where nothing else was read.
LAST_RESORT = (
    ("loss_up", re.compile(r"\bcollaps\w*|\bhaywire\b|\bbananas\b|\b(?:nuts|crazy)\b")),
    ("blurry", re.compile(r"\bsoft\b|\bghosts?\b")),
    ("slow_steps", re.compile(r"\bsec(?:onds?)? ?(?:per|an?|/) ?(?:step|iteration)\b")),
    ("artefacts", re.compile(r"\bnoise\b|\bpattern\b")),
)
LOSS_FROM_TO = re.compile(
    rf"{_LOSS}{_G60}(?<![\w.])(?P<before>\d*\.\d+) ?(?:->|=>|to) ?(?P<after>\d*\.?\d+)"
)

LOSS_HAD_BEEN = re.compile(
    rf"{_LOSS}{_G20}(?<![\w.])(?P<after>\d*\.\d+) (?:where|while|but) (?:it|that) "
    rf"(?:was|had been){_G10}(?P<before>\d*\.\d+)"
)

# -- denials ---------------------------------------------------------------------------

# What denies a symptom that follows it, unless it denies something else.
_DENIAL = re.compile(
    r"(?:\b(?:no|not|never|without|none|neither|nor|cannot|isnt|dont|doesnt|didnt|"
    r"wasnt|arent|aint|wont)\b|n't\b)"
    r"(?! (?:idea|clue|sure|know|only|just|understand|matter|wonder|stop|help|get why|"
    r"see why))(?:\s+[\w']+){0,3}?\s+$"
)
_CLAUSE = re.compile(r"[.,;:!?\n]|\b(?:but|just|however|though|although|yet)\b")
_USED_TO = re.compile(r"\s+(?:\w+\s+)?before\b")
_DENIES_ITSELF = frozenset({"plateau", "never_sharp", "sides_alike", "odd_loss"})


def is_denied(text: str, match: re.Match[str], name: str = "") -> bool:
    """Whether a text says that it is not so: "no nan", "isn't diverging".

    "Never had a nan before" says that there is one now.
    """
    if _USED_TO.match(text, match.end()):
        return False
    begin, end = match.start(), match.end()
    if name in _DENIES_ITSELF or match[0].startswith("no "):
        last = begin
    else:  # the last word of what was read: "loss does not go up"
        last = begin + match[0].rstrip().rfind(" ") + 1
    starts = [m.end() for m in _CLAUSE.finditer(text, 0, end) if m.end() <= last]
    clause = text[max(starts, default=0) : last]
    return bool(_DENIAL.search(clause if clause.endswith(" ") else f"{clause} "))


# -- when ------------------------------------------------------------------------------

_N = r"(?<![\w.,$-])(?P<n>\d{1,3}(?:[ ,']\d{3})+|\d+(?:\.\d+)?) ?"
_NOT_AN_INTERVAL = (
    r"(?<!every )(?<!every ~)(?<!within )(?<!per )(?<!each )(?<!converge in )"
    r"(?<!batch )(?<!bs )(?<!last )"
)
STEPS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"{_NOT_AN_INTERVAL}{_N}(?P<k>k)? ?(?:iterations?|iters?|its\b(?!/)|steps?|"
        r"itt?erations?|updates)",
        rf"{_NOT_AN_INTERVAL}{_N}(?P<k>k) ?it\b(?!/)",
        r"\b(?:step|iteration|iter|it|its) ?#?(?P<n>\d[\d,]*)(?P<k>k)?\b(?!\.\d|[/%])",
        r"\b(?:at|after|since|around|round|by|until|till|for|past|about|~) "
        rf"(?:about |around |~ ?)?{_N}(?P<k>k)\b",
        r"\b(?:at|after|since|around|round) (?P<n>\d{3,6})\b"
        r"(?! ?(?:[%x/]|\.\d|images|photos|pics|faces))",
    )
)
EPOCHS = tuple(
    re.compile(pattern)
    for pattern in (
        r"\bepoch (?P<n>\d+)\b",
        r"\b(?P<n>\d+)(?:st|nd|rd|th)? epochs?\b",
    )
)
FROM_THE_START = re.compile(
    r"\b(?:from|since|on|at|in) (?:the )?(?:very )?(?:first (?:step|batch|iteration)|"
    r"step [01]\b)|\b(?:from|since) the (?:very )?(?:start|beginning|first)\b|"
    r"\b(?:right|straight) away\b|\bimmediately\b|\binstantly\b"
)
LATE = re.compile(
    r"\b(?:overnight|over ?night|days?|weeks?|hours?|months?|this morning|all night)\b"
)
WORKED_BEFORE = re.compile(
    r"\b(?:worked|ran|was|were|looked|held|trained|learned|went)(?: \w+)? (?:fine|well|"
    r"good|decent|ok|okay|great|calm|lovely|sharp|crisp|smooth\w*)\b|\bfine (?:for|"
    r"until|till)\b|\bworked (?:for|until)\b|\bbefore that\b|\bused to\b|\bat first\b|"
    r"\bcrisp at\b"
)

# -- what was changed ------------------------------------------------------------------

_RAISE = r"(?:rais\w+|bump\w*|increas\w+|doubl\w+|tripl\w+|crank\w*|upp?ed|push\w*)"
_LOWER = r"(?:lower\w*|reduc\w+|decreas\w+|drop\w*|halv\w+|cut\w*)"
_CHANGE = rf"(?:{_RAISE}|{_LOWER}|chang\w+|switch\w*|swap\w*|mov(?:ed|ing)|put|scaling)"
_SHORT = r"[^.,?!()\n]{0,25}?"
_BATCH = r"(?:batch\w*|bs|b ?\d+)\b"
_KEPT = r"(?:driver\w*|keras|pytorch|torch|tensorflow|cuda|windows|linux|backend|"
_KEPT += r"gpu|card|pc|computer|laptop|version|machine)"
RAISED = re.compile(rf"\b{_RAISE}\b|\bup\b")
LOWERED = re.compile(rf"\b{_LOWER}\b|\bdown\b")
_VALUE = r"(?:(?:batch|bs|b|lr) ?)?(?P<%s>\d*\.?\d+(?:e-?\d+)?)"
FROM_TO = re.compile(
    rf"\bfrom (?:a )?{_VALUE % 'before'}(?: ?(?:->|to) ?)(?:a )?{_VALUE % 'after'}"
)
TO = re.compile(rf"\bto (?:a )?(?:batch (?:size )?(?:of )?)?{_VALUE % 'after'}")
CHANGES: dict[str, re.Pattern[str]] = {
    "batch": re.compile(
        rf"\b{_CHANGE}\b{_SHORT}\b{_BATCH}|\b(?:went|go|going)(?: up| down)? "
        rf"(?:from|to) (?:a )?{_BATCH}|\bfrom \d+ to \d+ (?:a|per|in a) batch"
    ),
    "learning_rate": re.compile(
        rf"\b{_CHANGE}\b{_SHORT}\b(?<!kept the )(?<!kept )"
        r"(?:lr|learning[ -]?rate|rate)\b|"
        r"\b(?:lr|rate) (?:went|changed|moved|was|is now)\b[^,?!]{0,20}? from \d"
    ),
    "optimizer": re.compile(
        rf"\b(?:chang|switch|swap|mov)\w*\b{_SHORT}\b(?:optimi[sz]er|adamw?|sgd|"
        r"momentum|rmsprop|adabelief|lion)\b"
    ),
    "mixed_precision": re.compile(
        r"\bmixed[ -]?precision\b|\bamp\b|\bfp16\b|\bbf16\b|\bhalf[ -]?precision\b|"
        r"\bfloat16\b|\bgradscaler\b|\bautocast\b"
    ),
    "resumed": re.compile(
        r"\bresum\w+|\brestart\w*|\b(?:re)?load(?:ed|ing)?\b(?: \w+)? (?:model|"
        r"backup|save|weights|snapshot|checkpoint)\b|\bcontinued\b|\brestor\w+|"
        r"\brevert\w*|\bafter (?:a )?"
        r"(?:crash|break|pause)\b|\bfrom (?:the |a |my )?(?:\w+ )?(?:snapshot|backup|"
        r"checkpoint)\b"
    ),
    "data": re.compile(
        r"\b(?:new|more|added|adding|different|other|replac\w+|clean\w+|chang\w+|"
        rf"swapp?(?:ed|ing))\b{_SHORT}\b(?:data|dataset|face ?set|photos?|pics|"
        r"pictures|images|training set)\b"
    ),
    "loss_function": re.compile(
        r"\b(?:chang\w*|switch\w*|swap\w*|re-?did|new|enabl\w+|turn(?:ed|ing) on)\b"
        rf"{_SHORT}\b(?:loss function|masks?|ssim|mse|loss weights?|multipliers?)\b"
    ),
    "software": re.compile(
        rf"\b(?:new|newer|updat\w+|upgrad\w+|another|different)(?: \w+)? {_KEPT}\b|"
        rf"\b{_KEPT} (?:update|upgrade|port)\w*"
    ),
}

# -- spelling --------------------------------------------------------------------------

# Words worth restoring when mistyped: the patterns above look for them.
KEYWORDS = (
    "diverged diverging diverges diverge exploded exploding explodes explode blurry "
    "blurrier blurring blurred swinging oscillates oscillating oscillation flickering "
    "washed colours colors plateau preview previews recovered overfitting memory "
    "precision optimizer optimiser resumed resuming restarted identical artifacts "
    "checkerboard negative validation accuracy learning improving converge converges "
    "converging iterations collapsed blotches"
).split()
# Real words one slip away from one of these.
REAL_WORDS = frozenset(
    "leaning yearning converse convert wished explore explored explores divert "
    "diverted iteration colour color resume recover recovers previous collapse "
    "collapses".split()
)
