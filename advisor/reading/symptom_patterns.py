"""The words of symptoms: how people say that training went wrong (pure).

`PATTERNS` is read in order, special before general, on lower-case text. How many
sentences are read right is measured in `tests/advisor/reading/test_symptoms.py`.
"""

import re

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

_SAME = r"(?:identical|unchanged|equal|(?:exactly |all |the very )*(?:the )?same)"
_RATES = (
    r"(?:\blrs?\b|\brates?\b|\d(?:\.\d+)?e-\d|\b0?\.0\d+|\bdigits?\b|\bwhatever\b|"
    r"\bany lr\b)"
)

_RAW: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "rate_without_effect",
        (
            rf"{_LOSS}(?: curves?)?(?: \w+){{0,3}} {_SAME}{_G60}{_RATES}",
            rf"{_RATES}[^?!]{{0,80}}{_LOSS}(?: curves?)?(?: \w+){{0,3}} {_SAME}\b",
            rf"\b{_SAME} {_LOSS}{_G30}{_RATES}",
            r"\b(?:lr|rates?)\b(?: \w+){0,3} (?:no|without|any) (?:effect|difference|"
            r"influence)\b",
        ),
    ),
    (
        "gains_at_low_rate",
        (
            r"\b(?:improv\w+|gets? better|getting better|still learn\w*|goes down|"
            rf"falls|works)\b{_G30}\b(?:as low as|even (?:at|with)|at|with) "
            rf"(?:an? )?(?:lr |rate )*(?:of )?{_RATES}[^?!\n]{{0,60}}\bnormal\b",
        ),
    ),
    (
        "out_of_memory",
        (
            r"\bmemory (?:exhausted|full)\b|\bout ?of ?memory\w*|\booms?\b",
            r"\bmemory ?error|\btried to allocate",
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
            rf"{_LOSS}(?: (?:is|says|reads|shows|of|at|=|went|down|to|now))* -\d*\.\d",
            rf"{_LOSS}(?: (?:is|says|reads|shows|exactly|just|at|of|=))*[ :=]+"
            r"(?:0(?:\.0+)?(?![\d.])|zero\b)",
        ),
    ),
    (
        "sides_alike",
        (
            rf"\b(?:both|the two) (?:sides|faces|people|persons)\b{_G20}"
            r"\b(?:identical|same|alike)\b",
            r"\bboth (?:previews|swaps|outputs) (?:show|look|are)(?: \w+)? "
            r"(?:same|alike|identical)\b",
            rf"\b(?:face|side) a and (?:face |side )?b\b{_G30}"
            r"\b(?:identical|same|alike)\b",
            r"\bno swap\b|\bswap\w* (?:doesn'?t|does not|does|do|don't) (?:do )?"
            r"(?:anything|nothing)\b|\b[ab] ?(?:->|>|to) ?[ab] just shows\b",
            rf"\bswap\w*\b{_G20}\b(?:gives?|shows?|returns?|is|looks? like)\b{_G10}"
            r"\b(?:original|source|same|unswapped) (?:face|person|picture|image)\b|"
            rf"\bswap [ab]/[ab] {_G10}back the (?:original|source|same)\b",
        ),
    ),
    (
        "slow_steps",
        (
            r"\b(?:slow\w*|only|just|takes?)\b[^?!\n]{0,30}?(?:\begs?\b|\bits?/s\b|"
            r"\biterations? per second|\bs/it\b|\bseconds? (?:per|an?|/) ?"
            r"(?:iteration|iter|step|it)\b)",
            r"\b\d+ (?:its?/s|iterations per second)\b[^?!\n]{0,20}\bslow",
            r"\b(?:steps?|iterations?) takes? (?:forever|ages|\d)",
        ),
    ),
    (
        "spike",
        (
            r"\b(?:jump|shoot|peak|spik)\w*\b[^?!\n]{0,60}?\b(?:comes?|came|goes|went|"
            r"settles?|recover\w*|falls?|fell|drops?|returns?)\b(?: back| down| again)",
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
            r"all over the place|back and forth|hin und her|unstable|nois(?:y|ier)|"
            r"roller-?coaster|alternat\w*|"
            r"earthquake|seismograph|volatile|choppy|wildly)\b",
            r"\b(?:look|shape|form|teeth) of a saw\b|\blike a saw\b",
            r"\bup and (?:then )?down\b|\bdown and (?:then )?up\b|\bnever settles?\b",
            rf"\bdown then{_G20}\bup then\b{_G20}\bdown\b",
            r"\bjump\w* (?:around|about)\b",
            r"\bblur\w* then sharp then\b|\bsharp then blur\w* then\b",
        ),
    ),
    (
        "plateau",
        (
            r"\b(?:stuck|plateau\w*|hits? a wall|chance level|at chance|unchanged|"
            r"flat-?lin\w+|flat line|stagnat\w*|stall(?:s|ed|ing)?|frozen)\b",
            rf"\b{_NOT}\b(?: \w+){{0,2}}? get(?:s|ting)?(?: any)? (?:better|lower|"
            r"below|under)\b",
            r"\brefus\w+ to (?:move|drop|fall|learn|converge|go down|improve)\b|"
            rf"{_LOSS} (?:just )?hover\w*",
            r"\bno (?:more |further |real )?(?:progress|improvement)\b",
            rf"\b{_NOT}\b(?: \w+){{0,2}}? (?:converg\w*|fall\w*|drop\w*|decreas\w*|"
            r"go(?:es|ing)? (?:any )?(?:down|lower)|mov(?:e|es|ed|ing)|budg\w*|"
            r"learn\w*|improv\w*|com(?:e|es|ing) down)\b",
            r"\bstop(?:ped|s)? (?:learning|improving|falling|converging)\b",
            r"\bnothing (?:\w+ ){0,3}?(?:learn\w*|happen\w*|improv\w*|changes?|"
            r"changing)\b",
            rf"{_SCORE}{_G20}\b(?:flat(?:lin\w+)?|constant|hang(?:s|ing)? at|"
            r"sit(?:s|ting)? at|stay(?:s|ed)? (?:at|constant|flat|the same)|"
            r"stand(?:s|ing)? still)\b",
            r"\bits? (?:is )?flat\b|\bflat loss\b",
        ),
    ),
    (
        "constant_output",
        (
            r"\b(?:in)?to (?:pure |plain )?gr[ae]y\b|\bmode collapse\w*",
            r"\bgr[ae]y all\b|\bclones?\b|\balways the same\b",
            r"\bblobs?\b|\bfeatureless\b",
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
            r"\bbleach\w*|\bsunburn\w*|\bskin ?tones?\b|"
            r"\btoo dark\b|\bno contrast\b",
            r"\b(?:mess of|wrong|weird|strange|odd|funny|crazy) colou?rs?\b",
            r"\bgr[ae]y veil\b|\bno (?:more )?colou?rs?\b|"
            r"\b(?:lost|loses?|losing)\b(?: \w+){0,2}? colou?rs?\b",
            rf"\bcolou?rs?\b{_G20}\b(?:off|gone|wrong|weird|strange|drain\w*|missing|"
            r"vanish\w*|disappear\w*|shift\w*|lost|bled|bleed\w*)\b",
            rf"\b(?:all|kind of|turn\w*|went|goes|go|is|are|becom\w*|became|"
            r"looks?|looking|comes? out|came out) "
            rf"(?:all |kind of |so |completely )*(?:{_TINT}|dark)\b",
            rf"\b(?:{_TINT}|dark) (?:spots?|blotch\w*|tints?|patch\w*|stains?|cast)\b",
            rf"\b(?:faces?|skin)\b{_G10}\bgr[ae]y\b",
        ),
    ),
    (
        "blurry",
        (
            r"\bblur\w*|\bmush\w*|\bsmear\w*|\bsmudg\w*|\bmudd?y\w*|\bmud\b|\bsoup\b|"
            r"\bfuzz\w*|\bout of focus\b|\bhaz[ey]\b|\bless sharp\b|\bghosting\b|"
            r"\bfogg?y?\b|\bporridge\b|\bindistinct\b|\bwaxy\b|\bsludge\b|"
            r"\bwatercolou?rs?\b|\bno more details?\b",
            r"\b(?:teeth|eyes|eyebrows|details?|hair|sharpness)\b(?: \w+){0,2}? "
            r"(?:vanish\w*|gone|disappear\w*|lost|melt\w*)\b",
            rf"\b{_PICTURE}\b{_G20}\b(?:degrad\w*|deteriorat\w*|falls? apart|"
            r"(?:gets?|got|getting) (?:\w+ )?worse)\b",
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
            r"\bworse and worse\b|\brose again\b|\boff the charts?\b|\bup and up\b|"
            r"\d ?x (?:higher|worse)\b|\b(?:forgot|unlearn(?:ed|t)|lost) everything\b",
            rf"\b(?:acc(?:uracy)?|dice|score)\b{_G20}\b(?:collaps\w*|drop(?:s|ped)|"
            rf"fell|"
            r"falls|crash\w*)\b",
        ),
    ),
    (
        "slow",
        (
            r"\bslow(?:er|est)?\b|\b(?:learn|improv|converg)\w* (?:\w+ ){0,2}slowly\b|"
            r"\bbarely (?:\w+ )?(?:improv|learn|mov)\w*|"
            r"\btakes? (?:forever|ages|too long)\b|\bglacial\w*|\bcrawl\w*|\bsnail\w*|"
            r"\bsluggish\w*",
        ),
    ),
)
_ONE_SIDE = (
    rf"\b(?:side|face|decoder) [ab]\b{_G60}\b(?:side|face|decoder) [ab]\b"
    r"|\b[ab] side\b[^.?!\n]{0,40}\b[ab]\b"
    r"|\bgap\b(?: \w+){0,2} (?:open|widen|grow)\w*"
    r"|\b(?:only|just) (?:the )?(?:side|face|decoder) [ab]\b"
    rf"|\bloss[ _]?[ab]\b{_G30}\b(?:while|but)\b{_G10}\b[ab]\b"
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

# Says little, or says it in passing: counts where nothing else was read. The first one
# that is found counts.
LAST_RESORT = tuple(
    (name, re.compile(pattern))
    for name, pattern in (
        ("out_of_memory", r"\balloc\w*|\bmemory\b|\bv?ram\b|\bexhausted\b"),
        ("slow_steps", r"\bsec(?:onds?)? ?(?:per|an?|/) ?(?:step|iteration)\b"),
        (
            "overfit",
            r"\b(?:fine|good|great) (?:in|on|for) train\w*|\breal (?:video|data)",
        ),
        (
            "loss_up",
            r"\bcollaps\w*|\bhaywire\b|\bbananas\b|\bwild\b|\bnuts\b|\bcrazy\b",
        ),
        (
            "loss_up",
            r"\bjump(?:s|ed)?\b|\bshoots?\b|\bskyrocket\w*|\bfell apart\b|"
            r"\b(?:broke|breaks|broken) (?:down|apart)\b|\bcrash\w* and burn\w*",
        ),
        (
            "loss_swings",
            r"\bup\b.{0,20}\bdown\b|\bchang\w+ all the time\b|\brandomly\b",
        ),
        (
            "never_sharp",
            r"\b(?:no|without|lack\w*|missing)\b(?: \w+){0,2} (?:sharpness|details?)\b",
        ),
        (
            "blurry",
            r"\bsoft\w*|\bghosts?\w*|\bmelt\w*|\bmess\w*|\bpotato\w*|\bgoo\b|\bwax\w*|"
            r"\bdeform\w*|\bdistort\w*|\bunrecogni\w*|\bugly\b|\bsmooth\w*|"
            r"\bvaseline\b|\bclay\b|\bdough\b|\bpixels?\b",
        ),
        ("constant_output", r"\bidentical\b|\bmean\b|\bsame\b|\bblank\b|\bempty\b"),
        (
            "artefacts",
            r"\bnoise\b|\bpatterns?\b|\bdots?\b|\blines?\b|\bspots?\b|\bsquares?\b|"
            r"\brings?\b|\bedges?\b",
        ),
        (
            "washed_out",
            r"\bcolou?rs?\b|\bcontrast\b|\bbright\w*|\bdark\w*|\btint\w*|\bsaturat\w*",
        ),
        (
            "plateau",
            r"\bconstant\b|\bguess\w*|\bchance\b|\b(?:stays?|stayed|remains?|sits?|"
            r"sitting) at\b|\bflat\b|\bno change\b|\bhalt\w*|\bstop(?:s|ped)\b",
        ),
    )
)
LOSS_FROM_TO = re.compile(
    rf"{_LOSS}{_G60}(?<![\w.])(?P<before>\d*\.\d+) ?(?:->|=>|to) ?(?P<after>\d*\.?\d+)"
)

LOSS_WAS = re.compile(
    rf"{_LOSS} (?:was|had been|used to be){_G10}(?<![\w.])(?P<before>\d*\.\d+){_G20}"
    r"\b(?:now|today|then)\b"
    rf"{_G10}(?<![\w.])(?P<after>\d*\.?\d+)"
)
# Two losses in one breath, in passing.
LOSS_INSTEAD_OF = re.compile(
    r"(?<![\w.])(?P<after>\d*\.\d+) instead of (?P<before>\d*\.\d+)"
)
LOSS_THEN = re.compile(
    rf"{_LOSS}{_G30}(?<![\w.])(?P<before>\d*\.\d+){_G60}"
    r"(?:back|up|loss+|then) (?:to |at )?(?P<after>\d*\.\d+)"
)
LOSS_HAD_BEEN = re.compile(
    rf"{_LOSS}{_G20}(?<![\w.])(?P<after>\d*\.\d+) (?:where|while|but) (?:it|that) "
    rf"(?:was|had been){_G10}(?P<before>\d*\.\d+)"
)

LOSSES = (LOSS_FROM_TO, LOSS_HAD_BEEN, LOSS_WAS, LOSS_INSTEAD_OF, LOSS_THEN)

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
_DENIES_ITSELF = frozenset(
    "plateau never_sharp sides_alike odd_loss rate_without_effect".split()
)


def is_denied(text: str, match: re.Match[str], name: str = "") -> bool:
    """Whether a text says that it is not so: "no nan", "isn't diverging".

    "Never had a nan before" says that there is one now.
    """
    if _USED_TO.match(text, match.end()):
        return False
    begin, end = match.start(), match.end()
    if name in _DENIES_ITSELF or match[0].startswith(("no ", "not ")):
        last = begin
    else:  # the last word of what was read: "loss does not go up"
        last = begin + match[0].rstrip().rfind(" ") + 1
    starts = [m.end() for m in _CLAUSE.finditer(text, 0, end) if m.end() <= last]
    clause = text[max(starts, default=0) : last]
    return bool(_DENIAL.search(clause if clause.endswith(" ") else f"{clause} "))


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
