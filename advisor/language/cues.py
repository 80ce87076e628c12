"""The cues: phrases that speak for an intent, each with its weight.

Weights: 3 and less for what other intents also say, 4 to 5 for a phrase that means one
thing, 6 and more for what overrules the rest. They were set by hand on phrases of our
own; `tests/advisor/test_question.py` holds the phrases.
"""

import re

from advisor.language.text import NAME, Mark

R, B, O = Mark.RATE, Mark.BATCH, Mark.OTHER  # noqa: E741  (markers, never alone in code)
ANY = f"[{R}{B}{O}]"
OPT = Mark.OPTIMIZER
START = r"[\s!?.,;:'\"(-]*"
DEVICE = f"[{Mark.CPU}{Mark.CUDA}{Mark.CUDAS}]"

# Rates of another kind than the one that is meant here.
_OTHER_RATES = (
    "interest exchange heart frame tax birth hotel mortgage success refresh sample bit "
    "hourly"
).split()
_LR = rf"(?:lr|{''.join(f'(?<!{kind} )' for kind in _OTHER_RATES)}rates?)\b"
_GAP = r"(?:[^.?!\n]{0,50}?)"
_RUNS = (
    r"(?:runs|trials|results|experiments|evidence|observations|measurements|history|"
    r"records|curves?|data)\b"
)
_TERM = (
    r"(?:lr|batch|warm-?up|schedulers?|optimizers?|momentum|betas?|epochs?|ssim|proxy|"
    r"proxies|stability|unstable|diverge\w*|divergence|degraded|workloads?|gradients?|"
    r"scaling|square root|exponent|posterior|extrapolat\w+|interpolat\w+|overfit\w*|"
    r"generali[sz]\w+|weight decay|clipping|catapult|sharpness|egs?|accumulation|"
    r"saddle|"
    r"minima|bf16|fp16|mixed precision|autoencoder|censored|bayesian|backprop\w*|"
    r"dropout|"
    r"hyper-?parameters?|epsilon|critical batch|per side)"
)
_CONCEPT = (
    rf"(?:{_TERM}|schedules?|loss|stable|outcome|verdict|claims?|evidence|recipes?|"
    rf"seeds?|"
    r"noise|linear|interval|range|confidence|prior|bracket|threshold|converge\w*|"
    r"precision|"
    r"preview|horizon|checkpoint|probability|percent|number|recommendation|estimate|"
    r"verification|best|answer|caveats?|surge|regret|trial|study|neural|training|"
    r"normali[sz]ation)"
)

CUES: dict[str, tuple[tuple[float, str], ...]] = {
    "recommend_lr": (
        (
            3.0,
            rf"\b(?:what|which|whats|what's|wich|wat)\b(?! (?:is|are) (?:an? |the "
            rf")?{_LR}\s*(?:[?]|$)){_GAP}\b{_LR}",
        ),
        (
            3.0,
            rf"\b(?:best|good|optimal|ideal|suitable|right|recommended|"
            rf"safe(?:st)?|stable|sensible|reasonable|decent|starting|proper|"
            rf"appropriate|highest|max|maximum|biggest|largest|top) (?:possible |"
            rf"safe |stable |starting |usable |initial |peak )*{_LR}",
        ),
        (
            2.6,
            rf"\b(?:recommend|suggest|advise|pick|choose|give me|find|need|want|"
            rf"tell me|propose|get|looking for){_GAP}\b{_LR}",
        ),
        (
            2.4,
            rf"{_LR}\s*(?:please|thanks|\?|$|for\b|advice|recommendation|"
            rf"suggestion)",
        ),
        (2.2, rf"\bhow (?:high|low|large|big|aggressive|far up|much){_GAP}\b{_LR}"),
        (
            2.5,
            rf"\b(?:set|put|choose|start|raise|crank|push|"
            rf"turn){_GAP}\b{_LR}{_GAP}\bto\b\s*\?",
        ),
        (
            2.0,
            r"\b(?:what|where) (?:do|would|should|to|could|can) (?:you|i|one|we) "
            r"?(?:recommend|suggest|start|use|try|set|advise|go with|pick|"
            r"choose)",
        ),
        (
            2.2,
            r"\b(?:recommendation|suggestion|advice)s? for\b|\b(?:recommend|"
            r"suggest)\b",
        ),
        (1.5, r"\bhow (?:high|fast|hard) can i (?:go|push|train)\b"),
        (1.0, rf"{_LR}"),
    ),
    "judge_lr": (
        (
            3.6,
            rf"\b(?:is|are|would|will|does|do|can|could|should|was|were|isn't|"
            rf"won't|am i|how){_GAP}(?:{R}|\b(?:this|that|my|the|an?) (?:\w+ "
            rf")?{_LR}){_GAP}\b(?:ok|okay|safe|stable|risky|risk|fine|too|good|"
            rf"bad|work|works|diverge|diverges|blow|explode|explodes|survive|hold|"
            rf"holds|reasonable|sane|sensible|crash|dangerous|enough|acceptable|"
            rf"converge|stay|unstable|fail|break|overkill|aggressive|high|"
            rf"collapse|conservative|wise|trouble|problem|all right|alright|"
            rf"sound)\b",
        ),
        (
            3.6,
            rf"\b(?:how|is it|isn't it|would it be|is there)\b{_GAP}\b(?:risky|"
            rf"safe|stable|likely|dangerous|ok|okay|fine|risk|bad|crazy|too \w+|"
            rf"danger){_GAP}{R}",
        ),
        (
            3.2,
            rf"{R}{_GAP}\b(?:ok|okay|safe|stable|risky|fine|too (?:high|low|much|"
            rf"big|hot|large|aggressive)|good|work|reasonable|sane|bad|good idea|"
            rf"bad idea|overkill|dangerous)\b\s*(?:{NAME}|"
            rf"{B})?[^.!\n]{{0,30}}(?:\?|$)",
        ),
        (
            3.4,
            rf"\b(?:can|could|should|may|might) (?:i|we|one) (?:safely |still |"
            rf"really |just )?(?:use|go|run|train|keep|try|get away|set|push|"
            rf"stick|stay){_GAP}{R}",
        ),
        (
            3.4,
            rf"\b(?:will|would|does|do|can|could) {_GAP}{R}{_GAP}\b(?:diverge|"
            rf"explode|blow|survive|hold|work|fail|nan|crash|collapse|converge|"
            rf"train)",
        ),
        (
            3.2,
            rf"\b(?:safe|ok|okay|stable|fine|risky|dangerous) (?:to|for|with|at|"
            rf"on){_GAP}{R}",
        ),
        (
            3.2,
            rf"\b(?:judge|rate|assess|evaluate|opinion on|thoughts on|what do you "
            rf"think (?:of|about)|chances?|probability|odds|likely|"
            rf"likelihood){_GAP}{R}",
        ),
        (
            2.8,
            rf"\b(?:is|are) (?:this|that|my|the|it|these) "
            rf"?(?:{_LR})?{_GAP}\b(?:safe|ok|okay|too (?:high|low)|risky|stable|"
            rf"fine)\b",
        ),
    ),
    "max_batch_for_lr": (
        (
            4.0,
            rf"\b(?:largest|biggest|max|maximum|highest|greatest|upper|top)(?: "
            rf"(?!lr|rate)\w+){{0,2}} batch(?!{_GAP}\blr\s*\?)",
        ),
        (
            4.0,
            r"\bhow (?:big|large|high|far|much)(?: (?!lr\b|rate\b)\w+){0,6} \bbatch"
            r"(?! (?:affect|influence|matter))",
        ),
        (
            4.0,
            rf"\b(?:what|which) batch\b(?!{_GAP}\b(?:fastest|lr\?|quickest|"
            rf"speed)){_GAP}(?:{R}|\b(?:this|that|same) {_LR})",
        ),
        (4.0, rf"{R}{_GAP}\b(?:what|which|how (?:big|large)){_GAP}\bbatch"),
        (3.5, r"\b(?:up to|until) (?:what|which) batch"),
        (3.2, r"\bbatch (?:limit|ceiling|maximum|max)\b|\bmax(?:imum)?[ _-]?batch"),
        (
            3.6,
            rf"\b(?:raise|increase|push|grow|scale|crank)(?: up)? (?:the |my "
            rf")?batch{_GAP}\b(?:before|without|until)\b",
        ),
        (
            3.0,
            rf"\bhow (?:big|large|high|far) (?:can|could|may) (?:i|we) (?:go|"
            rf"push){_GAP}{R}",
        ),
        (4.0, rf"\bhow many (?:images|faces|samples|examples) per batch{_GAP}\bcan\b"),
    ),
    "compare_models": (
        (
            4.2,
            rf"\b(?:which|what|who)(?: of (?:the |these |those )?(?:\w+ )?)? "
            rf"?{NAME}{_GAP}\b(?:is|are|has|needs?|tolerates?|takes?|stands?|"
            rf"copes?|handles?|trains?|works?|should|can|would|do|gives?|"
            rf"diverges?|breaks?|fails?|survives?|more|most|least|better|best)\b",
        ),
        (4.2, rf"\bcompar\w*{_GAP}{NAME}{_GAP}{NAME}"),
        (4.0, rf"\bcompar\w*{_GAP}{NAME}"),
        (3.6, r"\bcompar\w*\b"),
        (
            4.0,
            rf"{NAME} ?(?:vs\.?|versus|or|against|compared (?:to|with)) (?:the "
            rf")?{NAME}",
        ),
        (5.4, rf"\b(?:difference|differences|differ) {_GAP}{NAME}{_GAP}{NAME}"),
        (
            3.8,
            rf"\b(?:is|are|does|do|can|will|would|has|needs?) (?:the "
            rf")?{NAME}{_GAP}\b(?:than|as){_GAP}{NAME}",
        ),
        (3.8, rf"{NAME}{_GAP}\b(?:more|less|\w+er)\b{_GAP}\bthan{_GAP}{NAME}"),
        (
            3.8,
            rf"\b(?:which|what) (?:one|model|net|network|workload|"
            rf"architecture)s?\b{_GAP}\b(?:is|has|needs|tolerates|takes|stands|"
            rf"copes|handles|more|most|least|better)\b",
        ),
        (3.8, r"\brank\b"),
        (3.0, r"\bside by side\b"),
    ),
    "scaling_rule": (
        (
            4.2,
            r"\b(?:proportional|proportionally|inversely|inverse|linearly|linear|"
            r"square root|power law|exponent|quadratic\w*)\b",
        ),
        (
            4.0,
            rf"\bscal(?:e|es|ed|ing)\b{_GAP}\b(?:{_LR}|batch|rule)|"
            rf"\b{_LR}{_GAP}\bscal(?:e|es|ing)\b|\bscaling (?:rules?|laws?|"
            rf"exponents?)\b",
        ),
        (
            4.2,
            rf"\bfrom (?:batch |a batch |b )?(?:of )?{B}{_GAP}\b(?:to|up|"
            rf"down)\b{_GAP}{B}{_GAP}\b(?:{_LR}|scale|change)",
        ),
        (
            4.2,
            rf"\b(?:change|adjust|adapt|scale|raise|lower|reduce|touch|keep|halve|"
            rf"double|increase|decrease|retune|re-tune|move|multiply|divide|need|"
            rf"modify|drop|correct)\b{_GAP}\b{_LR}(?! ?(?:of |= "
            rf"?)?{R}){_GAP}\b(?:if|when|with|as|from|for|"
            rf"going)\b{_GAP}\b(?:batch|{B})",
        ),
        (
            4.4,
            rf"\b(?:doubl\w+|halv\w+|quadrupl\w+|tripl\w+|twice|bigger|larger|"
            rf"smaller|increas\w+|rais\w+|lower\w*|reduc\w+|decreas\w+|grow\w*|"
            rf"chang\w+|bump\w*|go(?:ing)?|mov\w+|switch\w*){_GAP}\b(?:batch|"
            rf"{B}){_GAP}\b(?:{_LR}|scale)",
        ),
        (
            4.2,
            rf"\b(?:{_LR}){_GAP}\b(?:depends?|relate[sd]?|relation\w*|linked|tied|"
            rf"follows?|grows?|shrinks?|falls?|rises?|goes|go|changes?|var(?:y|"
            rf"ies)|rise|fall|grow|drop|decrease|increase)\b{_GAP}\bbatch",
        ),
        (
            4.0,
            rf"\b(?:relation\w*|dependence|dependency|correlation|connection|link|"
            rf"trade-?off){_GAP}\b(?:batch|{_LR})",
        ),
        (
            4.2,
            rf"\bhow (?:does|do|should|would|will|must) (?:the |my |a )?(?:\w+ "
            rf"){{0,2}}{_LR}{_GAP}\b(?:with|as|when|if|depend|change|"
            rf"move){_GAP}batch",
        ),
        (
            4.0,
            rf"\b(?:larger|bigger|smaller|higher|lower) "
            rf"batch(?:es)?{_GAP}\b(?:need|require|want|allow|tolerate|call for|"
            rf"mean|take|stand|permit|deserve){_GAP}\b{_LR}",
        ),
        (
            4.0,
            r"\b(?:forum|article|post|claim\w*)\b[^.?!\n]{0,50}\b(?:true|right|"
            r"wrong|hold|holds|correct|valid|agree|supported|contradict\w*)\b|"
            r"\bwho(?: is|'s) right\b",
        ),
        (
            4.2,
            rf"\bbatch (?:goes|gets|is|grows|increases|doubles|rises|shrinks|"
            rf"falls|halves|changes)\b{_GAP}\b{_LR}",
        ),
        (
            3.8,
            r"\bfollows? (?:the |a |an )?(?:\w+ ){0,2}(?:rule|law)\b|\brule of "
            r"thumb\b",
        ),
        (3.6, rf"\bcompar\w*{_GAP}\bbatch{_GAP}{B}"),
    ),
    "fastest_batch": (
        (
            4.0,
            r"\b(?:fastest|quickest|speediest|most efficient|slowest)\b(?! batch "
            r"(?:of|is|was) )",
        ),
        (
            3.8,
            rf"(?<!{O} )(?<!{O})\b(?:egs?\s?(?:/|per)\s?s(?:ec(?:ond)?)?s?|egs|"
            rf"eg/s|(?:its?|iterations|images|samples|examples|faces) ?(?:/|per) "
            rf"?s(?:ec(?:ond)?)?|throughput|ex/s)\b",
        ),
        (
            3.4,
            r"\b(?:speed|faster|quicker|how fast|how slow|time per step|step "
            r"time|seconds per step)\b",
        ),
        (
            3.4,
            rf"\bbatch{_GAP}\b(?:speed|fast|faster|time|efficient|throughput|"
            rf"quick)\b",
        ),
    ),
    "run_verification": (
        (
            5.0,
            r"\b(?:run|start|launch|do|kick off|begin|queue|schedule|perform|"
            r"execute)\b (?:(?:me|a|an|the|some|one|another|it|this|that|few|"
            r"more|quick|short|new|\W) ?){0,4}(?:verification|verifications|"
            r"verify|check|test runs?|tests?|experiments?|training|training run|"
            r"trial|trials|range test|lr range test|runs?|jobs?|sweep|bisection|"
            r"measurement|seeds?)\b(?! (?:diverged|ok|stable|show))",
        ),
        (
            4.6,
            rf"(?:^|[.!,;?]\s*|\b(?:please|can you|could you|would you please|ok|"
            rf"okay|yes|let's|lets|want to|want you to|like you to|and then) "
            rf")(?:please )?(?:verify|double[- ]check|re-?run|test|try|measure|"
            rf"train|benchmark|start|launch|kick off|run)\b(?! (?:me\b|what|how|"
            rf"in\b|test\b(?! run)|{O}))",
        ),
        (4.0, r"\b(?:verify|verification)\b"),
        (
            4.6,
            r"\b(?:make|want|need|like) (?:a |an |some |another |to "
            r")*(?:verification|verify|test run|test|check|trial)\b",
        ),
        (
            3.6,
            rf"(?:^|[.!,;]\s*|\b(?:please|can you|could you|would you) )(?:check|"
            rf"confirm){_GAP}(?:{R}|{NAME})",
        ),
        (
            5.0,
            r"\b(?:run|start|launch|verify|check|test|do|try) (?:it|that|them|"
            r"those|these|this)\b(?! (?:safe|ok|mean))",
        ),
        (4.6, r"\bgo ahead\b|\bmake it so\b|\bproceed\b"),
    ),
    "show_runs": (
        (
            4.6,
            rf"\b(?:show|list|display|see|view|plot|print|fetch|open|browse|pull "
            rf"up|give me|get me|look at){_GAP}\b{_RUNS}",
        ),
        (
            4.6,
            rf"\b(?:which|what|how many|any|all|whose) (?:\w+ |{NAME} |{OPT} ?|"
            rf"{DEVICE} |[{B}{R}{O}] ?){{0,4}}{_RUNS}",
        ),
        (
            4.2,
            rf"\b(?:what|which){_GAP}\b(?:has|have|was|were|been|"
            rf"did){_GAP}\b(?:tried|measured?|tested|try|test|recorded|observed?|"
            rf"reported|run|ran|stored|seen|see|find|found)\b",
        ),
        (
            4.2,
            r"\b(?:where|which (?:source|claims?)|what "
            r"source)\b[^.?!\n]{0,40}\b(?:from|come|based|sources?|back)\b|"
            r"\bwhat(?: is| are|'s) (?:that|this|it|the answer) based on\b",
        ),
        (
            4.0,
            rf"(?:^|{NAME} ?|\b(?:past|previous|earlier|old|all|my|the|diverged|"
            rf"stable|failed|finished|recent|last|latest) ){_RUNS}[ "
            rf"?.!]*(?:{NAME}|$|on\b|of\b|at\b|for\b|with\b|so far|in\b)",
        ),
        (3.6, r"\b(?:show|list|display)\b"),
        (
            4.4,
            r"\b(?:runs|trials) (?:that |which |have |with )?(?:diverged|failed|"
            r"exploded|degraded|were|are|stable|finished|survived)",
        ),
        (
            4.2,
            r"\bhave (?:you|we|i) (?:ever |already )?(?:tried|run|tested|"
            r"measured|seen)\b",
        ),
    ),
    "explain_concept": (
        (
            3.4,
            rf"^{START}(?:so |and |but |ok |please )?(?:what|what's|"
            rf"whats)(?:(?<=s)| is| are| does| do) (?:a |an |the )?(?:\w+[ "
            rf"-]){{0,4}}?{_CONCEPT}\b(?![^?]*(?:{R}|{B}|{NAME}))",
        ),
        (
            5.0,
            rf"\b(?:what is|what's|what are|whats|define|definition of) (?:an? |"
            rf"the |meant by |your )?(?:{_LR}(?: \w+){{1,3}}|batch(?: \w+)?|"
            rf"(?:linear|square root|inverse|scaling)(?: \w+)*?(?: scaling)? "
            rf"(?:rule|law|exponent)s?|{OPT}|{_LR})\s*(?:\?|$|[.!]|in\b|anyway)",
        ),
        (5.0, r"\bwhat (?:is|are) (?:an? |the )?egs?(?: ?(?:/|per) ?s\w*)?[\s!?.,]*$"),
        (
            5.0,
            r"\b(?:explain|eli5|define|describe|teach me|definition|elaborate|"
            r"clarify)\b",
        ),
        (5.0, r"\b(?:is|are) meant by\b"),
        (
            5.0,
            rf"\bwhat (?:does|do|did)\b{_GAP}\b(?:mean|do|stand for|tell)\b(?! "
            rf"(?:i|you|we))",
        ),
        (
            4.8,
            r"\bwhat(?: is|'s) (?:the )?(?:difference|meaning|point|purpose|"
            r"idea)\b",
        ),
        (4.8, r"\bdifference between\b|\bmeaning of\b"),
        (
            4.6,
            rf"^{START}(?:and |but |so |ok )?why (?:do|does|is|are|should|would|"
            rf"not|did you|can|can't|don't|doesn't|isn't)\b",
        ),
        (3.0, r"\bwhy\b"),
        (
            4.8,
            rf"\bhow (?:do|does|did|can|are|is) (?:you|a|an|the|it|this|{OPT}|"
            rf"{_LR}|warm-?up|batch|momentum|your|these)\b(?! ?(?:job|run|doing|"
            rf"going|i\b)){_GAP}\b(?:work|works|decide|compute|calculate|know|"
            rf"estimate|measure|determine|arrive|affect|influence|help|get|come|"
            rf"sure|defined|derived|tell|judge|define)",
        ),
        (
            4.2,
            r"\b(?:tell me about|more about|info(?:rmation)? (?:on|about)|what "
            r"about the theory)\b",
        ),
        (
            3.6,
            r"\bhow (?:sure|confident|certain|reliable) (?:are|is)\b|\bcan i "
            r"trust\b",
        ),
        (4.0, r"\bdoes (?:the )?batch (?:affect|influence|matter|change)\b"),
    ),
    "diagnose": (
        (
            5.2,
            r"\b(?:got|getting|get|gets|gives?|seeing|see|shows?|have|turned|"
            r"turns|went|goes|became|becomes|is|hit|hits|outputs?|now|suddenly|"
            r"all|loss|to|=|of|with|after|keeps?)\b[^.?!\n]{0,20}\bnans?\b|"
            r"\bnans?\b(?! (?:is|mean))",
        ),
        (
            5.2,
            r"\b(?:blurry|blurred|blurrier|blurring|fuzzy|smeared|mushy|"
            r"pixelated|artifacts?|artefacts?|gr[ae]y (?:square|face|preview|"
            r"image)|black (?:square|preview|image|output)|noise in)\b",
        ),
        (
            5.2,
            r"\bloss(?:es)?\b[^.?!\n]{0,25}\b(?:went|goes|going|jump\w*|swing\w*|"
            r"spik\w+|stuck|plateau\w*|explod\w+|rising|rises|rose|increas\w+|"
            r"oscillat\w+|bounc\w+|not|won't|doesn't|isn't|stopped|inf|infinity|"
            r"flat|blew|blow\w*|shot|climb\w*|keeps?|erratic|unstable|crazy|"
            r"weird|up|stagnat\w+|diverg\w+)\b",
        ),
        (
            5.0,
            r"\b(?:went wrong|going wrong|what's wrong|what is wrong|wrong with|"
            r"broke|broken|collapsed|mode collapse|not learning|isn't learning|"
            r"doesn't learn|not converging|doesn't converge|won't converge|not "
            r"improving|no progress|stopped (?:learning|improving)|worse and "
            r"worse|got worse|gets worse|getting worse|blew up|blowing up|blows "
            r"up|exploded|exploding|fell apart|falls apart|garbage|messed up|"
            r"troubleshoot|diagnose|weird|crashed|crashes|spikes|spiking)\b",
        ),
        (
            5.0,
            r"\b(?:my|our|the) (?:\w+ |[^\w\s] ?){0,4}(?:diverged|diverges|"
            r"diverging|explodes|swings|oscillates|unstable|fails|failed|died)\b|"
            r"\bwhy (?:did|does|is|has) (?:my|our|it|the (?:run|training|loss|"
            r"model|preview))\b[^.?!\n]{0,60}\b(?:diverg\w*|fail\w*|blow\w*|"
            r"unstable|explod\w*|stop\w*|crash\w*|bad|go)\b",
        ),
        (
            4.6,
            rf"\b(?:it|training|model|{NAME}) (?:just |suddenly |keeps? |always |"
            rf"has |is )*(?:diverged|diverging|diverges|exploded|explodes|"
            rf"collapsed|collapses|unstable|oscillating)\b(?!\s*\?)",
        ),
        (
            4.6,
            r"\bkeeps? (?:diverging|exploding|crashing|failing|swinging|"
            r"oscillating|going)\b",
        ),
        (3.6, r"\bpreview\b|\bdoesn't work\b|\bnot working\b|\bhelp,? my\b"),
    ),
    "status_of_jobs": (
        (
            5.0,
            r"\b(?:what|which|any|how many|show|list|are there|see|my|all|the|"
            r"display|running|queued|finished|open|pending|active)\b (?:\w+ "
            r"){0,3}jobs?\b",
        ),
        (
            5.0,
            rf"\bjobs?\b ?{O}? ?(?:status|progress|doing|done|finished|running|"
            rf"queue|state|eta|still|ready|failed|complete)",
        ),
        (5.0, r"\b(?:status|progress|eta)\b"),
        (
            5.0,
            r"\bhow (?:far|long|much longer)\b[^.?!\n]{0,30}\b(?:is it|are (?:we|"
            r"you|they)|left|remaining|until|till|to go|along|has it|job|done|"
            r"verification)\b",
        ),
        (
            5.0,
            r"\b(?:is|are|has|have|did|was|were)\b (?:it|they|that|the|my|all|"
            r"job|this|verification|your|those|these)\b[^.?!\n]{0,40}\b(?:done|"
            r"finished|finish|running|complete|completed|ready|over|queued|"
            r"started|through|still going)\b",
        ),
        (
            4.6,
            r"\b(?:still|currently|now) (?:running|going|training|queued|busy)\b|"
            r"\bwhat(?: is|'s) (?:\w+ )?(?:running|queued|going on|in the "
            r"queue)\b|\bqueue\b|\banything running\b",
        ),
        (
            4.6,
            rf"\bhow(?: is|'s| are|'re) (?:the |my |it |that |your )?(?:job|run|"
            rf"jobs|runs|verification|test|it|training)?\b ?{O}? ?(?:going|doing|"
            rf"coming|progressing|getting on)",
        ),
        (4.2, r"\bjobs?\b"),
    ),
    "cancel": (
        (6.0, r"\b(?:cancel|abort|kill|terminate|halt)\b(?! (?:out|each))"),
        (
            6.0,
            rf"\bstop\b (?:(?:the|that|this|it|all|my|every|running|please|"
            rf"current|now|those|them) ?)*(?:jobs?|runs?|verification|training|it|"
            rf"that|everything|them|all|{O}|tests?|experiments?|now|queue|{NAME}|"
            rf"$)",
        ),
        (5.6, rf"^{START}(?:please |ok |no,? )?stop\b[ ,.!]*(?:please|now|it|that|$)"),
        (
            5.6,
            rf"\bnever ?mind\b|\bforget (?:it|about it)\b|\bcall (?:it|that) "
            rf"off\b|^{START}(?:no|nope|nah)\b(?! (?:gpu|lr))[^?]{{0,25}}$|"
            rf"\bdon't (?:run|start|do)\b|\b(?:remove|drop|delete) (?:the "
            rf")?jobs?\b",
        ),
    ),
    "help": (
        (
            6.0,
            r"^[\s!?.,]*(?:help|help me|help please|please help|usage|commands?|"
            r"menu|hi|hello|hey|hi there|hello there|good (?:morning|evening|"
            r"day)|man|options|start)[\s!?.,]*$",
        ),
        (
            5.6,
            r"\bwhat (?:can|could|do|else can) (?:you|i|this|it|the (?:app|"
            r"advisor|tool|bot|program))\b (?:\w+ ){0,2}?(?:do|ask|answer|help|"
            r"know|offer|ask you)\b",
        ),
        (
            5.4,
            r"\bhow (?:do|can|should|to) (?:i |you |we |one )?(?:use|ask|operate|"
            r"work with|talk to|get started|begin|start using)\b(?! (?:a |the |"
            r"an )?(?:lr|batch|warm))(?:[^.?!\n]{0,20}\b(?:you|this|it|tool|app|"
            r"advisor|started|questions?|program|bot|chat)\b|[\s!?.,]*$)",
        ),
        (
            5.4,
            r"\b(?:who|what) are you\b|\bwhat is this\b(?: (?:tool|app|page|"
            r"program|thing|site))?[\s!?.,]*$|\bwhat(?: is|'s) this (?:tool|app|"
            r"page|program|thing|site)|\bgetting started\b|\bwhat (?:kind|kinds|"
            r"sort|sorts|type|types) of (?:questions?|things)\b|\b(?:which|what) "
            r"(?:questions|commands|features|options)\b|\bexamples? (?:of "
            r")?questions?\b|\b(?:list|show)(?: me)? (?:the |your |all "
            r")*(?:commands|features|options|examples)\b|\bcan you help(?: "
            r"me)?(?: please)?[\s!?.,]*$|\bhow does this (?:app |tool |program |"
            r"thing )?work\b|\b(?:i need|need some|some) help[\s!?.,]*$|\bhow do "
            r"i (?:import|export|install|add)\b|\btutorial\b|\bmanual\b|\bwhat "
            r"(?:workloads|models) (?:do you|can you|are there)",
        ),
    ),
    "off_topic": (
        (
            7.0,
            r"\b(?:poem|joke|song|story|haiku|limerick|essay|weather|capital of|"
            r"president|football|soccer|world cup|stock|bitcoin|movie|film|"
            r"recipe for (?!the)|cook|bake|cookies?|cake|restaurant|horoscope|"
            r"lottery|election|homework|translate|girlfriend|boyfriend|dinner|"
            r"lunch|pizza|bread|song lyrics|lyrics|interest rate|exchange rate|"
            r"heart rate|tax rate|mortgage|birth rate|hotel rates?|flight|"
            r"vacation|holiday|email to|cover letter|python script|write (?:me "
            r")?(?:a|some) (?:code|program|function|script)|meaning of life|"
            r"favou?rite|your (?:system )?prompt|system prompt|your instructions "
            r"(?:are|were|say)|(?:reveal|print|show|"
            r"repeat)[^.?!\n]{0,20}(?:prompt|instructions|password|secret|api "
            r"key)|password|api[- ]?key|passwd|drop table|delete from|insert "
            r"into|rm -rf|jailbreak|dan mode)\b",
        ),
    ),
}
DOMAIN = re.compile(
    rf"{NAME}|[{R}{B}]|{OPT}|\b{_TERM}\b|\b(?:lr|batch|loss|training|train|model|"
    rf"models|epochs?|"
    r"optimizer|gpu|diverg\w+|stable|stability|gradient|jobs?|runs?|verif\w+|warm-?up|"
    r"preview|range|egs?|recommend\w*|proxy|workloads?|evidence|scaling|schedule)\b"
)
