"""The words for when training went wrong, and for what was changed before (pure).

On lower-case text. A number is a step only if something says so ("at 12k", "its").
"""

import re

REACH = 80  # characters after a change in which its values are looked for
MOST_STEPS = 10**9

_N = r"(?<![\w.,$-])(?P<n>\d{1,3}(?:[ ,']\d{3})+|\d+(?:\.\d+)?) ?"
_NOT_AN_INTERVAL = (
    r"(?<!every )(?<!every ~)(?<!within )(?<!per )(?<!each )(?<!converge in )"
    r"(?<!batch )(?<!bs )(?<!last )"
)
STEPS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"{_NOT_AN_INTERVAL}{_N}(?P<k>k)? ?(?:iterations?|iters?|its|"
        r"steps?|itterations?|updates)\b(?! per|/)",
        rf"{_NOT_AN_INTERVAL}{_N}(?P<k>k) ?it\b(?!/)",
        r"\b(?:step|iteration|iter|it|its) ?#?(?P<n>\d[\d,]*)(?P<k>k)?\b(?!\.\d|[/%])",
        r"\b(?:at|after|since|around|round|by|until|till|for|past|about|~) "
        rf"(?:about |around |~ ?)?{_N}(?P<k>k)\b",
        r"\b(?:at (?=\d{4})|after |since |a?round )(?P<n>\d{3,6})\b"
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
        rf"\b{_KEPT} (?:update|upgrade|port)\w*|\b(?:since|after) (?:the |an |my )?"
        r"(?:update|upgrade)\b"
    ),
}
