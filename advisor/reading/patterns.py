"""The patterns by which `roles` tells what each number is.

In them a number, a workload or a device is one marker character.
"""

import re
from decimal import Decimal

from advisor.reading.text import NAME, NUMBER, Mark

N = NUMBER
CUDA = f"[{Mark.CUDA}{Mark.CUDAS}]"

# What may stand between two numbers that belong together. Every blank has one place
# here: with two, a long list would be tried in exponentially many ways.
JOIN = (
    r" ?(?:, ?(?:and |or )?|and |or |vs\.? |versus |to |-+>? ?|/ ?|→ ?|\.\.+ ?|"
    r"through |until |against |compared (?:to|with) |instead of |rather than |up to |"
    r"down to |and then |becomes? |(?:faster|slower|quicker|better|worse) than |then |"
    r"& ?)"
)
IS = (
    r"(?:\s?(?:=|:|~|\(|\b(?:is|are|was|were|be|of|at|to|from|around|about|like|"
    r"between|currently|on|de|von|di|mit|full|all|whole|the|slider|set|stays?|stayed|"
    r"kept|fixed|equals?|than|by|roughly|"
    r"approximately|say|as|constant|value|still|only|just|now|a|should|would|must|"
    r"will|went|goes|up|down|increased|raised|lowered|reduced|changed|dropped|if|use|"
    r"using|held|global|total)\b))"
)


def chain(key: str, fill: str = "") -> str:
    """A number and those joined to it, the key word repeated or not."""
    another = rf"(?:{key}{fill} ?)?{N}(?! (?:of|runs?)\b)"
    return rf"{N}(?:{JOIN}(?:at |with |a )?{another}){{0,15}}"


NOUN = (
    r"(?:images?|imgs?|pics?|sequences?|seqs?|faces?|samples?|examples?|pictures?|"
    r"photos?|items?|pairs?)"
)
PER = r"(?:per|/|a|each|every|in (?:a|each|every|one))"
_MANY = rf"{CUDA}|cards|devices|machines|workers|nodes"
ACCUMULATION = re.compile(
    rf"(?<!batch )(?P<a>{N})(?: ?x)?[ -]?(?:steps? (?:of )?)?(?:gradient[ _-]|grad[ "
    r"_-]?)?accum\w*|accum\w*(?:[ _-](?:steps?|batch|grads?|"
    rf"gradients?))?{IS}{{0,3}}(?: ?over| ?for| ?across| ?every| "
    rf"?x)?\s?x?\s?(?P<b>{N})(?P<more>{JOIN}{N}(?! ?x? ?(?:{_MANY})))?"
)
# "an update every 4th batch", "gradients of four batches".
EVERY_NTH = re.compile(
    rf"\b(?:updates?|steps?|optimi[sz]er)\b[^.?!]{{0,12}}\bevery (?P<a>{N}) ?(?:th|rd|"
    rf"nd)?"
    rf" (?:batch|step|iter)|\bgrad\w* (?:of|over|from) (?P<b>{N}) (?:of them|batch|"
    rf"steps)"
    rf"|\bover (?P<c>{N}) of (?:them|these|those)\b"
    rf"|\baccum[^.?!\n]{{0,40}}?{N}[^.?!\n]{{0,20}}? (?P<d>{N}) steps? of "
    r"(?:it|them|that)\b"
)
# "accumulate 4 steps of 8", "4 accumulation steps of 6", "8 x 4 of batch 2".
IMAGES_BY_STEPS = re.compile(rf"(?P<batch>{N}) ?{NOUN} ?x ?(?P<steps>{N}) ?steps?")
STEPS_OF = re.compile(
    rf"(?:accum\w* {N} (?:steps?|times|batch) |{N} (?:gradient |grad )?accum\w* "
    rf"(?:steps? )?)(?:of|x|with|at) (?:batch )?(?P<batch>{N})"
)
ACCUMULATE_TO = re.compile(rf"accum\w* (?:it )?(?:up )?to (?:batch )?(?P<total>{N})")
ACCUMULATED_TIMES = re.compile(
    rf"(?P<batch>{N}) ?(?:{NOUN} )?accumulated (?:(?:over |across )?(?P<steps>{N}) "
    rf"(?:times|steps)|over (?P<over>{N}))"
)
CHANGED_STEPS = re.compile(
    r"\b(?:drop|reduc|lower|rais|set|chang|increas|cut|halv)\w* (?:the |my |down )?"
    r"(?:grad\w*[ _-])?$"
)
NO_ACCUMULATION = re.compile(
    r"\b(?:without|no|skip|drop|leave (?:away|out|off)|turn(?:ing)? off)\w* (?:the |"
    rf"my |any )?(?:grad\w* )?accum\w*\b(?! ?(?:to|of|steps)? ?{N})"
)
MACHINES = re.compile(r"machines|workers|nodes")
_OF_THEM = r"of (?:them|those|these)\b"
DEVICES = re.compile(
    rf"\b(?:have|got|get|bought|rent(?:ed)?|own|use|using|with|on|now) "
    rf"(?P<them>{N}) {_OF_THEM}(?! (?!now\b)[a-z{CUDA[1:-1]}])|"
    rf"(?P<n>{N})(?: ?x)? ?(?:such |{_OF_THEM} |{Mark.CUDA} )?"
    rf"(?P<gpus>{Mark.CUDAS}|cards|devices|machines|workers|nodes)|"
    rf"(?P<x>{N}) ?x ?{CUDA}|(?P<one>{N}) {Mark.CUDA}"
)
TIMES_NEXT = re.compile(rf" ?(?:x|times) ?{N}")
PER_DEVICE = re.compile(
    rf"(?P<batch>{N}) ?(?:{NOUN} )?(?:per|each|on each|for each|a piece|apiece)\b(?! "
    r"?(?:batch|step|iteration|side))"
)
PER_DEVICE_IS = re.compile(
    rf"\bper (?:device|worker|node|machine|{CUDA})(?: (?:train )?batch)?{IS}{{0,2}} ?"
    rf"[=:]? ?(?P<batch>{N})(?! ?x? ?(?:{_MANY}))"
)
EACH_TAKES = re.compile(
    rf"\beach (?:one )?(?:\w+ing |takes? |does |do |gets? |sees? |holds? |has |with )?"
    rf"(?P<batch>{N})"
)
SHARED = re.compile(
    r"\b(?:effective|global|total|overall|combined)\b|\b(?:across|over|split|spread|"
    rf"distributed)\b[^.?!]{{0,20}}(?:{CUDA}|devices|cards|workers|nodes)"
)

DURATION = re.compile(
    r"(?P<before>\b(?:in|within|under|at most|max(?:imum)?|up to|no more than|less "
    r"than|budget|limit|spend|take|takes|only|for|have|~|about)(?: (?:of|is|about|"
    rf"only|the next))?[ :=]*)?(?:(?P<n>{N}) ?(?P<half>and a half )?|(?P<article>half "
    r"an? |an? (?:couple of |few )?))(?P<unit>seconds?|secs?|s|minutes?|mins?|hours?|"
    r"hrs?|h|days?|weeks?|months?)\b(?! ?(?:/|per |a step|each))"
)
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "mo": 2592000}
BUDGET_WORD = re.compile(
    r"\b(?:in|within|under|at most|max|maximum|up to|no more|less than|budget|limit|"
    r"spend|only)"
)

JOB = re.compile(
    rf"\bjobs?(?: id| no\.?| number| nr\.?)? ?[#:=]? ?(?P<a>{N})(?:{JOIN}{N}){{0,15}}|"
    rf"# ?(?P<b>{N})|\b(?:cancel|stop|kill|abort) (?:run |number |no\.? )?(?P<c>{N})"
)
UNIT = (
    r"(?:k |m |million |thousand )?(?:its?|iters?|iterations?|steps?|updates?|epochs?|"
    r"eps|[gmtk]i?b|(?:[gm]|giga|mega)bytes?|gigs?|g|egs?|ex|ims?g?s?|seconds?|secs?|s|"
    r"minutes?|"
    r"mins?|hours?|hrs?|h|days?|weeks?|months?|years?|ms|%|percent|px|pixels?|cores?|"
    r"threads?|seeds?|runs?|jobs?|trials?|times|x faster|x slower|parameters?|params|"
    r"layers?|people|persons?|reasons?|fps|ways|things|points?|decimals?|degrees|"
    r"euros?|dollars?|octaves?|bits?|models?|nets?|networks?|workloads?|st|nd|rd|th|"
    r"am|pm|warmup|filters?|fold|in ?/|gpus?|inch|versions?|images?|faces?|photos?|"
    r"pictures?|frames?|questions?|tries|attempts?|sentences?|words?|lines?|out of|°|"
    r"[$€£])(?![a-z_])"
)
MEASURE = (
    r"loss|plateau|oscillat|sw[iu]ng|bounc|accurac|val acc|ssim|mse\b|psnr|converge"
)
# Nothing between a measure and its value may be what a rate or a batch stands beside.
_NOT_A_KEY = (
    rf"(?:(?!\b(?:lr|rates?|batch)\b|{NAME}|{N}|[{Mark.CPU}-{Mark.CUDAS}]|"
    rf"{Mark.OPTIMIZER})[^.?!\n])"
)
OTHER = [
    re.compile(pattern)
    for pattern in (
        rf"{N}(?: ?[-/x] ?{N}){{0,15}} ?{UNIT}(?: ?/ ?\w+)?",
        rf"{N}(?:[.:]{N}){{1,15}}",
        r"\b(?:loss(?:es)?|ssim|mse|mae|acc(?:uracy)?|errors?|psnr|sharpness|score|"
        r"betas?|beta ?\d|momentum|weight decay|decay|wd|eps(?:ilon)?|warm-?up|"
        r"clip\w*|gamma|clip norm|dropout|temperature|temp|resolution|res|input|"
        r"output|width|risk|seeds?|image size|face size|size of the face|version|"
        r"python|torch|page|line|level|steps?|its|iters?|iterations?|epochs?|iq|"
        r"vram|ram|memory|coverage|port|index|top|last|first|latest|past|chapter|"
        rf"windows|faceswap)(?:{IS}|\s?(?:a|b|for|values?|rate|"
        rf"steps?)\b){{0,4}}\s?{N}(?:{JOIN}(?:about )?{N}(?! ?(?:at|@) )){{0,15}}",
        r"\bloss(?:es)? (?:\w+ ){0,2}?(?:jump\w*|rose|ris\w+|fell|fall\w*|drop\w*|"
        r"climb\w*|shot|spik\w*|sw[iu]ng\w*|hover\w*|oscillat\w*|stuck|sits|"
        r"plateau\w*|bounc\w*|increas\w*|decreas\w*|reach\w*|hits?|over|above|below|"
        rf"under|near){IS}{{0,4}}\s?{N}(?:{JOIN}(?:about )?{N}){{0,15}}",
        rf"\b(?:{MEASURE})\w*{_NOT_A_KEY}{{0,50}}? ?{N}"
        rf"(?:(?:{JOIN}(?:about |[ab] ?[:=]? ?)?|{_NOT_A_KEY}{{0,25}} ){N}){{0,15}}",
        rf"{N}(?:{JOIN}{N}){{0,3}} (?:\w )?(?:train(?:ing)? |val(?:idation)? )?loss",
        rf"(?:\+ ?/? ?-|±) ?{N}",
        rf"\bbeta_?[12]? ?[=:]? ?{N}",
        rf"\bbetas\b ?(?:of )?[=:(]? ?{N} ?[,/ ] ?{N}",
        # Where a schedule ends.
        r"\b(?:cosine|anneal\w*|decay\w*)(?: lr| schedule| decay)? (?:down )?to "
        rf"(?:an? )?(?:lr )?(?:of )?{N}",
        rf"\b(?:min|minimum|final|end)[ _-]?lr(?:{IS}|[=:]){{0,2}} ?{N}|"
        rf"\beta[ _]min ?[=:]? ?{N}",
        rf"\bpowers? (?:of )?{N}",
        rf"\bsquare root ?(?:of |\(){N}",
        # What a rule does to the batch, and what else a config sets.
        rf"\b(?:b|bs|batch) ?(?:\^|\*\*) ?[({{]? ?-? ?{N}(?: ?/ ?{N})?",
        rf"{N} ?/ ?\(?(?:square root ?(?:of )?\(?)?(?:b|bs|batch)\b(?! ?{N})",
        # Losses of two sides, read off a log.
        rf"\b(?:loss_?)?a ?[:=]? ?{N},? (?:loss_?)?b ?[:=]? ?{N}",
        rf"\b(?:nan|inf|exploded|diverged|broke|collapsed|crashed) ?@ ?{N}",
        rf"\b(?:runs|run (?:no\.?|number|nr\.?)) {N}(?:{JOIN}{N}){{0,3}}(?! ?per)",
        rf"\b(?:open|show|see|display|in|of) run {N}",
        rf"{N} ?x (?:the |my |that )?(?:lr|rate)",
        rf"(?<!batch ){N} ?(?:of )?(?:the |a )?risk\b",
        rf"(?<!batch ){N} (?:runs? )?(?:in|out of) {N} (?:runs?|may|can|could|might|"
        r"risk|fail|to|are|is)\b",
        rf"(?:\b(?:lr|rate|it|be|up|go|times|multiply|or|,|and|gives?|means|linear|"
        rf"square root|inverse)|^|,) ?x ?{N}(?! ?{CUDA})",
        r"\b(?:january|february|march|april|may|june|july|august|september|october|"
        rf"november|december|year|since|anno) {N}",
        rf"[$€£] ?{N}",
        rf"\b(?:by|factor)(?: a)?(?: factor)?(?: of)? {N}(?: or (?:of |by )?{N})?"
        r"(?! (?:per|batch))",
    )
]
# What sizes an adapter, and what is smoothed: read before any batch size.
ADAPTER = re.compile(
    r"\b(?:(?:alpha|rank|dim|lora[_ ]?r|smoothing|offset|guidance|cfg|ema|lambda|tau|"
    rf"rho|drop\w*t)(?:{IS}|\s?[=:]|goes|go){{0,4}}|[ra] ?=|\br(?= ?{N} ?,? "
    rf"?\(?(?:alpha|"
    rf"a\b))) ?{N}(?: ?(?:to|and|or|→|vs\.?) ?{N})?|{N} ?(?:rank|alpha|dims?)\b(?! "
    rf"?{N})"
)
NOT_THIS = re.compile(
    rf"\b(?:not|typed|wrote) (?:batch |lr |at |with )?{N}(?! ?{UNIT})"
)
SMALLEST_LOSS = Decimal("0.001")
BETAS = re.compile(rf"{Mark.OPTIMIZER} ?\(?(?P<a>{N})(?: ?[,/] ?| and | )(?P<b>{N})")

BATCH_KEY = "batch"
_TOTAL = r"(?:effective|global|total|overall|combined)"
# A total that is stated wins over what each device or step takes.
TOTAL = re.compile(
    rf"\b{_TOTAL}(?: batch)?{IS}{{0,3}} ?[=:]? ?(?P<a>{N})(?! ?{UNIT})|"
    rf"(?P<b>{N}) (?:{NOUN} )?(?:in total|overall|altogether|all together|total)\b"
    rf"(?! steps)|(?P<c>{N}) (?:{NOUN} )?(?:split |spread |distributed |divided |"
    rf"shared )?"
    rf"(?:over|across|among|between) {N} ?x? ?(?:{_MANY})|"
    rf"\b(?:do|fit|reach|manage|get to) (?P<d>{N}) (?:{NOUN} )?(?:on|with) "
    rf"(?:my|our|all|the|these|both|all my) {N} ?x? ?(?:{_MANY})"
)
# Images that can only be those of a step: few of them, and said to fit or to be next.
IMAGES = [
    re.compile(pattern)
    for pattern in (
        r"\b(?:fits?|holds?|handles?|manages?|squeezes?|takes?|do|run|use|using) "
        rf"(?:only |just |about |maybe |up to |at most )?{N} {NOUN}\b"
        r"(?! (?:in total|total|dataset|folders?))",
        r"\b(?:worked|used|fine|ok|okay|good|stable)\b[^.?!\n]{0,12} (?:with|at) "
        rf"{N} {NOUN}\b",
        rf"{N} {NOUN} (?:at once|at a time|at the same time|together)\b",
        r"\b(?:go(?:ing)? (?:up |down )?to|what (?:with|about|at)|how about|now|"
        rf"instead of|→) {N} {NOUN}\b",
        r"^\W*(?:(?:and|so|ok|with|at|now|then|for|or|maybe|make it) )*"
        rf"{N} {NOUN}\W*$",
    )
]
# Read before other numbers are claimed: a noun of its own would claim them.
SURE_BATCH = [
    re.compile(pattern)
    for pattern in (
        rf"{N} ?{NOUN} {PER} ?(?:batch|step|update|iteration|side)",
        rf"{chain(BATCH_KEY)} ?(?:per |a |for each |/ ?|for a )(?:batch|side|step|"
        r"update)\b",
        rf"\bbatch of {N} {NOUN}",
        rf"{N} (?:per|in (?:a|each|every|one)) (?:batch|step|update)\b",
        rf"{N} in (?:the |a |each |one )?batch\b",
        rf"\b(?:put|fit|get|have|hold)s? {N} (?:{NOUN} )?(?:on|onto|in|into) (?:the|my|"
        rf"a|one) "
        rf"(?:card|memory|{CUDA})",
    )
]
BATCH = [
    re.compile(pattern)
    for pattern in (
        rf"\bbatch{IS}{{0,4}} ?[=:~(]? ?{chain(BATCH_KEY, IS + '{0,3}')}",
        rf"{chain(BATCH_KEY)}[ -]?(?:sized? )?batch(?!{IS}{{0,2}} ?{N})",
    )
]
RATE_KEY = r"(?:lr|rate|rates)"
RATES = chain(RATE_KEY, IS + "{0,3}")
RATE_AFTER_KEY = re.compile(
    rf"\b{RATE_KEY}(?P<fill>{IS}{{0,4}}) ?[=:~(]? ?(?P<chain>{RATES})"
)
# "sgd 3.2": no batch size has a fraction, and what it is of was just named.
RATE_OF_OPTIMIZER = re.compile(rf"{Mark.OPTIMIZER} ?[,:=@]? ?(?P<chain>{N})")
RATE_BEFORE_KEY = re.compile(
    rf"{chain(RATE_KEY)} (?:for the |as (?:the |my )?)?{RATE_KEY}\b"
)
# "lr at 12" and "a rate for 12" speak of a batch size, "lr of 12" does not.
WEAK_FILL = re.compile(r"\b(?:at|for|with|use|using|if|should|would|as)\b")

MAY_FOLLOW_BARE = re.compile(
    rf"\s?(?:$|[^\w\s-]|- ?{N}|- (?:[^\W\d_]|[{Mark.CPU}-{Mark.CUDAS}])|"
    rf"[{Mark.CPU}-{Mark.CUDAS}{Mark.OPTIMIZER}]|{NAME}|{N}|\n|(?:on|"
    r"at|for|with|is|are|or|and|to|vs|versus|in|using|please|lr|rate|stable|safe|ok|"
    r"okay|fine|work|works|too|risky|now|then|instead|would|what|which|do|does|"
    r"should|can|could|will|if|when|how|compared|from|but|than|need|needs|as|a|per|"
    r"adam|sgd|batch|next|maybe|faster|slower|quicker|better|worse|easily|max|tops|"
    r"anyway|because|"
    r"not|survive|risk|again|actually|also|that|rather|thanks|it|my|stays?|be|good|"
    r"right|"
    r"any|go|going|i|since|up|down|becomes?|until|jump|worked|ran|trained|went)\b)"
)
ARROW_NEXT = re.compile(rf" ?→ ?(?:batch )?{N}")
BEFORE_BARE = re.compile(
    rf"(?:{N} per|^|[,/:=(@→&>-]|\b(?:at|for|with|using|use|on|to|from|by|above|below|"
    r"than|"
    r"try|and|or|vs|versus|between|is|about|say|around|if|go|of|run|size|then|over|"
    r"(?<!is )(?<!are )(?<!at )now|(?<!loss )was|want|can do|could do|"
    r"under|uses|used|takes?|do|did|does|going|so|my|fits?|allows?|manage|makes?|down|"
    r"mean|meant|sorry|running|"
    r"what "
    rf"about|how about|make (?:it|that))|{NAME}|"
    rf"[{Mark.CPU}-{Mark.CUDAS}{Mark.OPTIMIZER}]|{N}) ?$"
)
# "16x8=128": the total that is written counts.
_WORD = rf"(?:/ ?)?(?:[a-z]+|{CUDA})"
_TIMES = rf"(?: ?{_WORD}){{0,2}} ?(?:x|times) ?(?:{_WORD} ){{0,2}}"
PRODUCT = re.compile(
    rf"{N}{_TIMES}{N}(?:{_TIMES}{N})?(?: ?{_WORD}){{0,2}} ?"
    rf"(?:\(? ?(?:=|makes|gives|that is)) ?(?P<total>{N})"
)
TIMES_BATCH = re.compile(
    rf"(?:{_MANY}) ?(?:x|times) ?(?P<batch>{N})(?! ?x? ?(?:{_MANY}))"
)
# "two cards at 16": a size of each, unless the total is named.
DEVICES_AT = re.compile(
    rf"{N} ?x? ?(?:{_MANY}),? (?:at|with|of|taking|doing|running) (?P<batch>{N})"
    rf"(?! ?(?:x ?)?(?:{_MANY}|%|{UNIT}))"
)
# Before and after of a number of devices or steps: "from one card to 4".
GREW_FROM = re.compile(
    rf"(?P<before>(?<!x )(?<!batch ){N}|\b(?:one|an?|single)) (?:(?:single "
    rf")?(?:{_MANY}|worker|node|"
    r"machine|card|device|process)[^.?!\n]{0,40}? )?(?:to|→|becomes?|now|then|instead|"
    r"against|"
    r"vs|versus) "
    rf"(?P<after>{N}) ?x? ?"
    rf"(?:{_MANY})"
)
GREW = re.compile(
    r"\b(?:used to|was|were|had|ran|before|until now|so far|went|going|go|"
    r"(?:without|no) (?:\w+ )?accum\w*|(?:single|one|an?) (?:\w+ )?(?:gpu|card|node|"
    rf"worker|machine|device|{CUDA}))[^?!\n]{{0,60}}?(?P<turn>\bnow\b|\bagainst\b|"
    r"\bvs\b|\bversus\b|\bto\b|→|\binstead\b|\bthen\b|\bwhat (?:for|about|if)\b|"
    r"\bswitch\w*|\badd(?:ed|ing)?\b)"
)
THEN_TIMES = re.compile(rf" ?x ?({N})")
