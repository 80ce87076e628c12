"""The cues: phrases that speak for an intent, each with its weight.

3 and less for what other intents also say, 4 to 5 for what means one thing, 6 and more
for what overrules the rest; set by hand on the phrases of
`tests/advisor/reading/test_parsing.py`.
"""

import re

from advisor.reading.text import NAME, Mark

R, B, O = Mark.RATE, Mark.BATCH, Mark.OTHER  # noqa: E741  (markers, never alone in code)
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
    r"saddle|minima|bf16|fp16|mixed precision|autoencoder|censored|bayesian|"
    r"backprop\w*|dropout|hyper-?parameters?|epsilon|critical batch|per side|"
    r"octaves?|q?loras?|adapters?)"
)
_RULE = r"(?:linear\w*|square root|invers\w*|exponents?|scaling|rules?)"
_SIDES_WITH = (
    r"(?:say|says|support\w*|back|backs|borne out|holds?|gives?|favou?rs?|shows?)"
)
_CONCEPT = (
    rf"(?:{_TERM}|schedules?|loss|stable|outcome|verdict|claims?|evidence|recipes?|"
    r"seeds?|noise|linear|interval|range|confidence|prior|bracket|threshold|"
    r"converge\w*|precision|preview|horizon|checkpoint|probability|percent|number|"
    r"recommendation|estimate|verification|best|answer|caveats?|surge|regret|trial|"
    r"study|neural|training|normali[sz]ation)"
)

CUES: dict[str, tuple[tuple[float, str], ...]] = {
    "recommend_lr": (
        (
            3.0,
            r"\b(?:what|which|whats|what's|wich|wat)\b(?! (?:is|are) (?:an? |the "
            rf")?{_LR}\s*(?:[?]|$)){_GAP}\b{_LR}",
        ),
        (
            3.0,
            r"\b(?:best|good|optimal|ideal|suitable|right|recommended|safe(?:st)?|"
            r"stable|sensible|reasonable|decent|starting|proper|appropriate|highest|"
            r"max|maximum|biggest|largest|top) (?:possible |safe |stable |starting |"
            rf"usable |initial |peak )*{_LR}",
        ),
        (
            2.6,
            r"\b(?:recommend|suggest|advise|pick|choose|give me|find|need|want|tell "
            rf"me|propose|get|looking for){_GAP}\b{_LR}",
        ),
        (
            2.4,
            rf"{_LR}\s*(?:please|thanks|\?|$|for\b|advice|recommendation|suggestion)",
        ),
        (2.2, rf"\bhow (?:high|low|large|big|aggressive|far up|much){_GAP}\b{_LR}"),
        (
            2.5,
            r"\b(?:set|put|choose|start|raise|crank|push|"
            rf"turn){_GAP}\b{_LR}{_GAP}\bto\b\s*\?",
        ),
        (
            2.0,
            r"\b(?:what|where) (?:do|would|should|to|could|can) (?:you|i|one|we) "
            r"?(?:recommend|suggest|start|use|try|set|advise|go with|pick|choose)",
        ),
        (
            2.2,
            r"\b(?:recommendation|suggestion|advice)s? for\b|\b(?:recommend|suggest)\b",
        ),
        (1.5, r"\bhow (?:high|fast|hard) can i (?:go|push|train)\b"),
        (
            4.0,  # "I use 5e-5 at batch 8, now I want batch 4"
            r"\b(?:i|we) (?:\w+ )?(?:use|used|run|ran|train|trained|have|had|am|are|"
            rf"was|were){_GAP}{R}[^.?!\n]{{0,60}}\b(?:now|next|then|moving|switching|"
            rf"going|"
            rf"change|want|need)\b[^.?!\n]{{0,25}}{B}[ .!]*$",
        ),
        (1.0, rf"{_LR}"),
    ),
    "judge_lr": (
        (
            3.8,
            rf"{R}[^!\n]{{0,40}}\b(?:yay|nay|agreed?|thumbs|dare|nonsense|too bold|"
            rf"keep "
            r"(?:it )?or|yes or no|good or bad)\b|\b(?:would you (?:dare|sign|trust|go "
            r"with)|asking for (?:it|trouble)|push(?:ing)? it|any harm|what do you "
            r"make|"
            rf"stomach|talk me out)\b{_GAP}{R}",
        ),
        (
            3.6,
            r"\b(?:is|are|would|will|does|do|can|could|should|was|were|isn't|won't|"
            rf"am i|how){_GAP}(?:{R}|\b(?:this|that|my|the|an?) (?:\w+ "
            rf")?{_LR}){_GAP}\b(?:ok|okay|safe|stable|risky|risk|fine|too|good|bad|"
            r"work|works|diverge|diverges|blow|explode|explodes|survive|hold|holds|"
            r"reasonable|sane|sensible|crash|dangerous|enough|acceptable|converge|"
            r"stay|unstable|fail|break|overkill|aggressive|high|collapse|"
            r"conservative|wise|trouble|problem|all right|alright|sound)\b",
        ),
        (
            3.6,
            rf"\b(?:how|is it|isn't it|would it be|is there)\b{_GAP}\b(?:risky|safe|"
            r"stable|likely|dangerous|ok|okay|fine|risk|bad|crazy|too \w+|"
            rf"danger){_GAP}{R}",
        ),
        (
            3.2,
            rf"{R}{_GAP}\b(?:ok|okay|safe|stable|risky|fine|too (?:high|low|much|big|"
            r"hot|large|aggressive)|good|work|reasonable|sane|bad|good idea|bad idea|"
            rf"overkill|dangerous)\b\s*(?:{NAME}|{B})?[^.!\n]{{0,30}}(?:\?|$)",
        ),
        (
            3.4,
            r"\b(?:can|could|should|may|might) (?:i|we|one) (?:safely |still |really "
            r"|just )?(?:use|go|run|train|keep|try|get away|set|push|stick|"
            rf"stay){_GAP}{R}",
        ),
        (
            3.4,
            rf"\b(?:will|would|does|do|can|could) {_GAP}{R}{_GAP}\b(?:diverge|explode|"
            r"blow|survive|hold|work|fail|nan|crash|collapse|converge|train)",
        ),
        (
            3.2,
            r"\b(?:safe|ok|okay|stable|fine|risky|dangerous) (?:to|for|with|at|"
            rf"on){_GAP}{R}",
        ),
        (
            3.2,
            r"\b(?:judge|rate|assess|evaluate|opinion on|thoughts on|what do you "
            r"think (?:of|about)|chances?|probability|odds|likely|"
            rf"likelihood){_GAP}{R}",
        ),
        (
            4.3,  # "forum says 5e-5 for batch 64, is that right"
            rf"{R}{_GAP}\b(?:is|are|would|was) (?:this|that|it|those)(?: \w+)? (?:right"
            r"|correct|true|ok|okay|fine|good|sane|reasonable|too \w+)\b",
        ),
        (
            2.8,
            rf"\b(?:is|are) (?:this|that|my|the|it|these) ?(?:{_LR})?{_GAP}\b(?:safe|"
            r"ok|okay|too (?:high|low)|risky|stable|fine)\b",
        ),
    ),
    "max_batch_for_lr": (
        (
            4.0,
            r"\b(?:largest|biggest|max|maximum|highest|greatest|upper|top)(?: (?!lr|"
            rf"rate)\w+){{0,2}} batch(?!{_GAP}\blr\s*\?)",
        ),
        (
            4.0,
            r"\bhow (?:big|large|high|far|much)(?: (?!lr\b|rate\b)\w+){0,6} "
            r"\bbatch(?! (?:affect|influence|matter))",
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
            r"\b(?:raise|increase|push|grow|scale|crank)(?: up)? (?:the |my "
            rf")?batch{_GAP}\b(?:before|without|until)\b",
        ),
        (
            3.0,
            r"\bhow (?:big|large|high|far) (?:can|could|may) (?:i|we) (?:go|"
            rf"push){_GAP}{R}",
        ),
        (4.0, rf"\bhow many (?:images|faces|samples|examples) per batch{_GAP}\bcan\b"),
    ),
    "compare_models": (
        (
            4.2,
            r"\b(?:which|what|who)(?: of (?:the |these |those )?(?:\w+ )?)? "
            rf"?{NAME}{_GAP}\b(?:is|are|has|needs?|tolerates?|takes?|stands?|copes?|"
            r"handles?|trains?|works?|should|can|would|do|gives?|diverges?|breaks?|"
            r"fails?|survives?|more|most|least|better|best)\b",
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
            r"\b(?:is|are|does|do|can|will|would|has|needs?) (?:the "
            rf")?{NAME}{_GAP}\b(?:than|as){_GAP}{NAME}",
        ),
        (3.8, rf"{NAME}{_GAP}\b(?:more|less|\w+er)\b{_GAP}\bthan{_GAP}{NAME}"),
        (
            3.8,
            r"\b(?:which|what) (?:one|model|net|network|workload|"
            rf"architecture)s?\b{_GAP}\b(?:is|has|needs|tolerates|takes|stands|copes|"
            r"handles|more|most|least|better)\b",
        ),
        (3.8, r"\brank\b"),
        (3.0, r"\bside by side\b"),
    ),
    "scaling_rule": (
        (
            5.2,
            rf"\b(?:runs|data|evidence)\b[^.?!\n]{{0,40}}\b{_SIDES_WITH}\b"
            rf"[^.?!\n]{{0,40}}\b{_RULE}\b|\b{_RULE}\b[^.?!\n]{{0,50}}\b{_SIDES_WITH}\b"
            rf"|\b{_RULE}\b[^.?!\n]{{0,30}}\b(?:runs|data|evidence|support)\b",
        ),
        (4.2, rf"{B} ?→ ?(?:batch )?{B}"),
        (
            6.0,
            rf"\b(?:re)?scale (?:the |my |it|its )?{_LR}|\b(?:do|should) (?:i|we) "
            rf"scale\b",
        ),
        (
            5.0,
            r"\b(?:compare|which(?: of)?|what) (?:the )?(?:scaling )?rules?\b|"
            r"\b(?:inverse|linear|square root|constant)\b[^?!]{0,40}\b(?:against|"
            r"versus|vs|"
            r"or|paper|forum)\b[^?!]{0,60}\b(?:inverse|linear|square root|constant|"
            r"paper)\b",
        ),
        (
            5.0,
            rf"\b(?:lr|rate)\b[^.?!\n]{{0,12}}\bx ?{O}[^?!]{{0,40}}\bbatch\b|"
            r"\bmultiply\b[^.?!\n]{0,16}\b(?:lr|rate)\b|\b(?:lr|rate)\b[^.?!\n]{0,12}"
            r"\btimes (?:two|four|eight)\b|\bby what factor\b",
        ),
        (
            4.4,
            rf"\bwhat happens to (?:the |my )?(?:lr|rate)\b|\b(?:lr|rate) (?:go "
            rf")?(?:up|down)\b|\bhow much (?:should|must|does|do "
            rf"i)[^.?!\n]{{0,20}}\b(?:lr|rate)\b|\b(?:lr|rate) ?~|\bby what factor\b|"
            rf"\bdoes it (?:just )?(?:double|halve)\b|\btouch the lr\b|\bmultiply "
            rf"(?:the |my )?(?:lr|rate)\b|\b(?:two|four|three|{O}) times\b",
        ),
        (
            4.2,
            rf"\b{_LR}{_GAP}\b(?:multiplied|divided|doubled|halved|scaled|adjusted|"
            rf"adapted|changed|raised|lowered|reduced){_GAP}\b(?:batch|when|if|as)\b",
        ),
        (
            4.2,
            r"\b(?:proportional|proportionally|inversely|inverse|linearly|linear|"
            r"square root|power law|exponent|quadratic\w*)\b",
        ),
        (
            4.0,
            rf"\bscal(?:e|es|ed|ing)\b{_GAP}\b(?:{_LR}|batch|rule)|"
            rf"\b{_LR}{_GAP}\bscal(?:e|es|ing)\b|\bscaling (?:rules?|laws?|"
            r"exponents?)\b",
        ),
        (
            4.2,
            rf"\bfrom (?:batch |a batch |b )?(?:of )?{B}{_GAP}\b(?:to|up|"
            rf"down)\b{_GAP}{B}{_GAP}\b(?:{_LR}|scale|change)",
        ),
        (
            4.2,
            r"\b(?:change|adjust|adapt|scale|raise|lower|reduce|touch|keep|halve|"
            r"double|increase|decrease|retune|re-tune|move|multiply|divide|need|"
            rf"modify|drop|correct)\b{_GAP}\b{_LR}(?! ?(?:of |= ?)?{R}){_GAP}\b(?:if|"
            rf"when|with|as|from|for|going)\b{_GAP}\b(?:batch|{B})",
        ),
        (
            4.4,
            r"\b(?:doubl\w+|halv\w+|quadrupl\w+|tripl\w+|twice|bigger|larger|smaller|"
            r"increas\w+|rais\w+|lower\w*|reduc\w+|decreas\w+|grow\w*|chang\w+|"
            rf"bump\w*|go(?:ing)?|mov\w+|switch\w*){_GAP}\b(?:batch|"
            rf"{B}){_GAP}\b(?:{_LR}|scale)",
        ),
        (
            4.2,
            rf"\b(?:{_LR}){_GAP}\b(?:depends?|relate[sd]?|relation\w*|linked|tied|"
            r"follows?|grows?|shrinks?|falls?|rises?|goes|go|changes?|var(?:y|ies)|"
            rf"rise|fall|grow|drop|decrease|increase)\b{_GAP}\bbatch",
        ),
        (
            4.0,
            r"\b(?:relation\w*|dependence|dependency|correlation|connection|link|"
            rf"trade-?off){_GAP}\b(?:batch|{_LR})",
        ),
        (
            4.2,
            r"\bhow (?:does|do|should|would|will|must) (?:the |my |a )?(?:\w+ "
            rf"){{0,2}}{_LR}{_GAP}\b(?:with|as|when|if|depend|change|move){_GAP}batch",
        ),
        (
            4.0,
            rf"\b(?:larger|bigger|smaller|higher|lower) batch(?:es)?{_GAP}\b(?:need|"
            r"require|want|allow|tolerate|call for|mean|take|stand|permit|"
            rf"deserve){_GAP}\b{_LR}",
        ),
        (
            4.0,
            r"\b(?:forum|article|post|claim\w*)\b[^.?!\n]{0,50}\b(?:true|right|wrong|"
            r"hold|holds|correct|valid|agree|supported|contradict\w*)\b|\bwho(?: is|"
            r"'s) right\b",
        ),
        (
            4.2,
            r"\bbatch (?:goes|gets|is|grows|increases|doubles|rises|shrinks|falls|"
            rf"halves|changes)\b{_GAP}\b{_LR}",
        ),
        (
            3.8,
            r"\bfollows? (?:the |a |an )?(?:\w+ ){0,2}(?:rule|law)\b|\brule of thumb\b",
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
            rf"(?<!{O} )(?<!{O})\b(?:egs?\s?(?:/|per)\s?s(?:ec(?:ond)?)?s?|egs|eg/s|"
            r"(?:its?|iterations|images|samples|examples|faces) ?(?:/|per) "
            r"?s(?:ec(?:ond)?)?|throughput|ex/s)\b",
        ),
        (
            3.4,
            r"\b(?:speed|faster|quicker|how fast|how slow|time per step|step time|"
            r"seconds per step)\b",
        ),
        (
            3.4,
            rf"\bbatch{_GAP}\b(?:speed|fast|faster|time|efficient|throughput|quick)\b",
        ),
    ),
    "run_verification": (
        (4.0, r"^\W*(?:pls |please )?(?:chk|chck|ceck|tset|test|tst|verfy) (?!is\b)"),
        (5.2, r"\blr-advisor verify\b|\bhow about testing\b|\byou can try for me\b"),
        (4.2, r"\bfind out by (?:trying|running|testing)\b|\bby trying\b"),
        (4.8, r"\b(?:by experiment|experimentally|with a run|in practice)\b"),
        (
            5.0,
            r"\b(?:run|start|launch|do|kick off|begin|queue|schedule|perform|"
            r"execute)\b (?:(?:me|a|an|the|some|one|another|it|this|that|few|more|"
            r"quick|short|new|\W) ?){0,4}(?:verification|verifications|verify|check|"
            r"test runs?|tests?|experiments?|training|training run|trial|trials|range "
            r"test|lr range test|runs?|jobs?|sweep|bisection|measurement|seeds?)\b(?! "
            r"(?:diverged|ok|stable|show))",
        ),
        (
            4.6,
            r"(?:^|[.!,;?]\s*|\b(?:please|can you|could you|would you please|ok|okay|"
            r"yes|let's|lets|want to|want you to|like you to|and then) )(?:please "
            r")?(?:verify|double[- ]check|re-?run|test|try|measure|train|benchmark|"
            r"start|launch|kick off|run)\b(?! (?:me\b|what|how|in\b|test\b(?! run)|"
            rf"{O}))",
        ),
        (4.0, r"\b(?:verify|verification)\b"),
        (
            4.6,
            r"\b(?:make|want|need|like) (?:a |an |some |another |to )*(?:verification|"
            r"verify|test run|test|check|trial)\b",
        ),
        (
            3.6,
            r"(?:^|[.!,;]\s*|\b(?:please|can you|could you|would you) )(?:check|"
            rf"confirm){_GAP}(?:{R}|{NAME})",
        ),
        (
            5.0,
            r"\b(?:run|start|launch|verify|check|test|do|try) (?:it|that|them|those|"
            r"these|this)\b(?! (?:safe|ok|mean))",
        ),
        (4.6, r"\bgo ahead\b|\bmake it so\b|\bproceed\b"),
    ),
    "show_runs": (
        (
            5.2,
            r"\bsources? (?:for|of|on|behind|about)\b|^\W*(?:and )?(?:the |your )?"
            r"sources?\W*$|\bon record\b|\bwhich (?:papers?|sources?|runs|claims?)\b|"
            r"\bpapers?\b[^.?!\n]{0,20}\b(?:rest|rely|relies|base|based|cite|use)\b|"
            r"\bwho measured\b|\bruns? (?:behind|that (?:say|says|show|failed|"
            r"worked))\b",
        ),
        (
            6.6,
            rf"\b{_LR}[^.?!\n]{{0,30}}\b(?:scored|did|was|worked|came out|performed) "
            rf"(?:the )?(?:best|on top|first)\b(?!{_GAP}\b(?:should|would|can)\b)|"
            rf"\bbest[- ]scoring\b|\bbest (?:run|trial|score)\b",
        ),
        (5.2, r"\blr-advisor runs\b"),
        (5.2, r"\b(?:list|show)\b[^.?!\n]{0,20}\b(?:claims|sources|papers)\b"),
        (
            4.6,
            r"\bsort(?:ed)? by\b|\bfilter\b|\bwhich seeds\b|\bruns (?:where|with|at|"
            r"on|from|of)\b",
        ),
        (
            4.6,
            r"\b(?:show|list|display|see|view|plot|print|fetch|open|browse|pull up|"
            rf"give me|get me|look at){_GAP}\b{_RUNS}",
        ),
        (
            4.6,
            rf"\b(?:which|what|how many|any|all|whose) (?:\w+ |{NAME} |{OPT} ?|"
            rf"{DEVICE} |[{B}{R}{O}] ?){{0,4}}{_RUNS}",
        ),
        (
            4.2,
            rf"\b(?:what|which){_GAP}\b(?:has|have|was|were|been|did){_GAP}\b(?:tried|"
            r"measured?|tested|try|test|recorded|observed?|reported|run|ran|stored|"
            r"seen|see|find|found)\b",
        ),
        (
            4.2,
            r"\b(?:where|which (?:source|claims?)|what "
            r"source)\b[^.?!\n]{0,40}\b(?:from|come|based|sources?|back)\b|\bwhat(?: "
            r"is| are|'s) (?:that|this|it|the answer) based on\b",
        ),
        (
            4.0,
            rf"(?:^|{NAME} ?|\b(?:past|previous|earlier|old|all|my|the|diverged|"
            rf"stable|failed|finished|recent|last|latest) ){_RUNS}[ ?.!]*(?:{NAME}|$|"
            r"on\b|of\b|at\b|for\b|with\b|so far|in\b)",
        ),
        (3.6, r"\b(?:show|list|display)\b"),
        (
            4.4,
            r"\b(?:runs|trials) (?:that |which |have |with )?(?:diverged|failed|"
            r"exploded|degraded|were|are|stable|finished|survived)",
        ),
        (
            4.2,
            r"\bhave (?:you|we|i) (?:ever |already )?(?:tried|run|tested|measured|"
            r"seen)\b",
        ),
    ),
    "explain_concept": (
        (
            4.4,
            r"\bwhat (?:is|are|does)\b[^.?!\n]{0,12}\b(?:mean|for)\b|<- ?meaning|"
            r"\b(?:rank|alpha|dim)\b[^.?!\n]{0,24}\bwhat(?:'s| is| do| are)\b|"
            r"\bcompared with what you do\b|\bwhat is perplexity\b",
        ),
        (
            4.6,
            r"\bwhat happens (?:when|if) (?:the |my )?(?:lr|rate) is\b|\bwhat means\b|"
            r"\bwhat does [^.?!\n]{1,30} mean\b|\bwhat is [^.?!\n]{1,30} good for\b",
        ),
        (4.8, rf"\b(?:is|are|differ){_GAP}\b(?:different|differ) from\b"),
        (
            3.4,
            rf"^{START}(?:so |and |but |ok |please )?(?:what|what's|whats)(?:(?<=s)| "
            r"is| are| does| do) (?:a |an |the )?(?:\w+[ "
            rf"-]){{0,4}}?{_CONCEPT}\b(?![^?]*(?:{R}|{B}|{NAME}))",
        ),
        (
            5.0,
            r"\b(?:what is|what's|what are|whats|define|definition of) (?:an? |the |"
            rf"meant by |your )?(?:{_LR}(?: \w+){{1,3}}|batch(?: \w+)?|(?:linear|"
            r"square root|inverse|scaling)(?: \w+)*?(?: scaling)? (?:rule|law|"
            rf"exponent)s?|{OPT}|{_LR})\s*(?:\?|$|[.!]|in\b|anyway)",
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
            rf"\bwhat (?:does|do|did)\b{_GAP}\b(?:mean|do|stand for|tell)\b(?! (?:i|"
            r"you|we))",
        ),
        (
            4.8,
            r"\bwhat(?: is|'s) (?:the )?(?:difference|meaning|point|purpose|idea)\b",
        ),
        (4.8, r"\bdifference between\b|\bmeaning of\b"),
        (
            5.4,
            rf"^{START}(?:and |so |ok )?(?:what|what's|explain)(?: is| are| does)?"
            rf"(?: an?| the)? ?{NAME} ?(?:mean|stand for|exactly)?[ ?!.]*$",
        ),
        (
            4.6,
            rf"^{START}(?:and |but |so |ok )?why (?:do|does|is|are|should|would|not|"
            r"did you|can|can't|don't|doesn't|isn't)\b",
        ),
        (3.0, r"\bwhy\b"),
        (
            4.8,
            rf"\bhow (?:do|does|did|can|are|is) (?:you|a|an|the|it|this|{OPT}|{_LR}|"
            r"warm-?up|batch|momentum|your|these)\b(?! ?(?:job|run|doing|going|"
            rf"i\b)){_GAP}\b(?:work|works|decide|compute|calculate|know|estimate|"
            r"measure|determine|arrive|affect|influence|help|get|come|sure|defined|"
            r"derived|tell|judge|define)",
        ),
        (
            4.2,
            r"\b(?:tell me about|more about|info(?:rmation)? (?:on|about)|what about "
            r"the theory)\b",
        ),
        (
            3.6,
            r"\bhow (?:sure|confident|certain|reliable) (?:are|is)\b|\bcan i trust\b",
        ),
        (4.0, r"\bdoes (?:the )?batch (?:affect|influence|matter|change)\b"),
    ),
    "diagnose": (
        # What pasted lines show stands in their place (`log_lines`).
        (5.6, r"^\W*log: (?!loss falls)"),
        (4.0, r"\bloss(?:es)?\b[^.?!\n]{0,40}\bnan\b"),
        (
            4.4,
            r"\b(?:higher|larger|bigger|worse) loss than\b|\bloss is negative\b|"
            r"\b(?:gr[ae]y|black|brown|green) (?:soup|mush|blobs?|faces?|pictures?)\b|"
            r"\b(?:everything|all|previews?|pictures?|"
            r"faces?)\b[^.?!\n]{0,16}\b(?:black|"
            r"gr[ae]y|green|mush|soup|noise)\b|\b(?:turned to|gave me|only makes) "
            r"mush\b",
        ),
        (
            5.8,
            r"\bwhy (?:is|are|did|does|do)\b[^.?!\n]{0,30}\b(?:loss|train|val)\w*\b"
            r"[^.?!\n]{0,30}\bnan\b",
        ),
        (
            4.2,
            r"\bloss(?:es)?\b[^.?!\n]{0,40}\b(?:identical|(?:exactly |all )?the same|"
            r"equal)"
            rf"\b(?=[^.?!\n]*(?:\blr\b|\brates?\b|{R}|digit|each|every|whatever))|"
            r"\b(?:lr|rates?)\b[^.?!\n]{0,40}\b(?:no|without) (?:effect|difference)|"
            rf"\b(?:several|different|six|five|four|three|{O}|two) (?:\w+ )?(?:lr|"
            rf"rates)\b"
            r"[^?!]{0,80}\b(?:identical|same)\b",
        ),
        (
            4.2,
            r"\b(?:improv\w+|gets? better|getting better|still learns?|goes down|"
            r"falls)\b"
            rf"[^?!]{{0,30}}(?:as low as|even at|at|with) (?:an? )?(?:lr |rate )*(?:of "
            rf")?{R}"
            r"[^?]{0,30}\bnormal\b",
        ),
        (
            4.0,
            r"\bloss\b[^.?!\n]{0,40}\b(?:times|twice) (?:as|the) (?:large|big|high)|"
            r"\bacc(?:uracy)?\b (?:\w+ )?(?:stuck|hangs|sits|stays|stands|remains)\b|"
            r"\blearn\w* nothing\b|\b(?:train\w*|it) is break\b",
        ),
        (
            5.2,
            r"\b(?:got|getting|get|gets|gives?|seeing|see|shows?|have|turned|turns|"
            r"went|goes|became|becomes|is|hit|hits|outputs?|now|suddenly|all|loss|to|"
            r"=|of|with|after|keeps?)\b[^.?!\n]{0,20}\bnans?\b|\bnans?\b(?! (?:is|"
            r"mean))",
        ),
        (
            5.2,
            r"\b(?:blurry|blurred|blurrier|blurring|fuzzy|smeared|mushy|pixelated|"
            r"artifacts?|artefacts?|gr[ae]y (?:square|face|preview|image)|black "
            r"(?:square|preview|image|output)|noise in)\b",
        ),
        (
            5.2,
            r"\bloss(?:es)?\b[^.?!\n]{0,25}\b(?:went|goes|going|jump\w*|swing\w*|"
            r"spik\w+|stuck|plateau\w*|explod\w+|rising|rises|rose|increas\w+|"
            r"oscillat\w+|bounc\w+|not|won't|doesn't|isn't|stopped|inf|infinity|flat|"
            r"blew|blow\w*|shot|climb\w*|keeps?|erratic|unstable|crazy|weird|up|"
            r"stagnat\w+|diverg\w+)\b",
        ),
        (
            5.0,
            r"\b(?:went wrong|going wrong|what's wrong|what is wrong|wrong with|broke|"
            r"broken|collapsed|mode collapse|not learning|isn't learning|doesn't "
            r"learn|not converging|doesn't converge|won't converge|not improving|no "
            r"progress|stopped (?:learning|improving)|worse and worse|got worse|gets "
            r"worse|getting worse|blew up|blowing up|blows up|exploded|exploding|fell "
            r"apart|falls apart|garbage|messed up|troubleshoot|diagnose|weird|crashed|"
            r"crashes|spikes|spiking)\b",
        ),
        (
            5.0,
            r"\b(?:my|our|the) (?:\w+ |[^\w\s] ?){0,4}(?:diverged|diverges|diverging|"
            r"explodes|swings|oscillates|unstable|fails|failed|died)\b|\bwhy (?:did|"
            r"does|is|has) (?:my|our|it|the (?:run|training|loss|model|"
            r"preview))\b[^.?!\n]{0,60}\b(?:diverg\w*|fail\w*|blow\w*|unstable|"
            r"explod\w*|stop\w*|crash\w*|bad|go)\b",
        ),
        (
            4.6,
            rf"\b(?:it|training|model|{NAME}) (?:just |suddenly |keeps? |always |has |"
            r"is )*(?:diverged|diverging|diverges|exploded|explodes|collapsed|"
            r"collapses|unstable|oscillating)\b(?!\s*\?)",
        ),
        (
            4.6,
            r"\bkeeps? (?:diverging|exploding|crashing|failing|swinging|oscillating|"
            r"going)\b",
        ),
        (3.6, r"\bpreview\b|\bdoesn't work\b|\bnot working\b|\bhelp,? my\b"),
    ),
    "status_of_jobs": (
        (
            5.0,
            r"^\W*(?:so,? |and |well,? |are (?:we|they) |is (?:it|that|this) (?:\w+ )?|"
            r"all )?(?:done|finished|ready)(?: yet| already| now)?\W*$|"
            r"\b(?:done|finished|ready|over|through) (?:yet|already)\b|"
            r"\bhow (?:much|many)\b[^.?!\n]{0,24}\b(?:through|left|remain\w*|done|to "
            r"go)"
            r"\b|\bany (?:news|progress)\b|\b(?:minutes|hours|long) (?:left|to go)\b|"
            r"\bwhen (?:will|is|does|do)\b[^.?!\n]{0,30}\b(?:over|done|finish\w*|"
            r"ready)\b|"
            r"\b(?:being|getting) (?:trained|run|tested|verified)\b|"
            r"\bwhat (?:are you|is it) (?:doing|working on|up to|running|training|"
            r"busy)\b",
        ),
        (
            5.0,
            r"\bare we there yet\b|\bcom(?:e|es|ing) (?:to an end|along)\b|"
            r"\bdid (?:it|that|they)(?: all)? (?:start|begin|run|finish|end)\b|"
            r"\bis (?:it|(?:the|that|my) (?:test|check|run|job|verification)) (?:still "
            r"|"
            r"even |now )?(?:on|through|over|running|up|stuck|working)\b|"
            r"\bis (?:something|anything) (?:running|going on|in progress)\b",
        ),
        (4.6, r"\bstill? run+ing\b|\bhow much percent\b|\blr-advisor jobs\b"),
        (
            5.0,
            r"\bhow (?:long|far|much longer) (?:still|does it|left|until|to go)\b|"
            r"\bhow many (?:of (?:those|them) )?(?:are |have )?(?:finished|done|left|"
            r"ended)\b|\bwhen (?:does|will) it (?:start|end|finish)\b",
        ),
        (
            5.0,
            r"\b(?:what|which|any|how many|show|list|are there|see|my|all|the|display|"
            r"running|queued|finished|open|pending|active)\b (?:\w+ ){0,3}jobs?\b",
        ),
        (
            5.0,
            rf"\bjobs?\b ?{O}? ?(?:status|progress|doing|done|finished|running|queue|"
            r"state|eta|still|ready|failed|complete)",
        ),
        (5.0, r"\b(?:status|progress|eta)\b"),
        (
            5.0,
            r"\bhow (?:far|long|much longer)\b[^.?!\n]{0,30}\b(?:is it|are (?:we|you|"
            r"they)|left|remaining|until|till|to go|along|has it|job|done|"
            r"verification)\b",
        ),
        (
            5.0,
            r"\b(?:is|are|has|have|did|was|were)\b (?:it|they|that|the|my|all|job|"
            r"this|verification|your|those|these)\b[^.?!\n]{0,40}\b(?:done|finished|"
            r"finish|running|complete|completed|ready|over|queued|started|through|"
            r"still going)\b",
        ),
        (
            4.6,
            r"\b(?:still|currently|now) (?:running|going|training|queued|busy)\b|"
            r"\bwhat(?: is|'s) (?:\w+ )?(?:running|queued|going on|in the queue)\b|"
            r"\bqueue\b|\banything running\b",
        ),
        (
            4.6,
            r"\bhow(?: is|'s| are|'re) (?:the |my |it |that |your )?(?:job|run|jobs|"
            rf"runs|verification|test|it|training)?\b ?{O}? ?(?:going|doing|coming|"
            r"progressing|getting on)",
        ),
        (4.2, r"\bjobs?\b"),
    ),
    "cancel": (
        (
            6.0,
            r"\b(?:break|take|call)\b[^.?!\n]{0,20}\boff\b|\bclear the queue\b|"
            r"\bno more (?:of )?(?:these |those )?(?:tests|runs|training)\b|"
            r"\b(?:can|may) go\W*$|\binterrupt\b|\bdon'?t (?:do|run|start) (?:it|that|"
            r"the|them|any)\b",
        ),
        (
            6.0,
            r"\b(?:quit|drop|remove|scrap|end|get rid of|throw|call off|withdraw|ditch|"
            rf"leave out|skip)\b(?![^.?!\n]{{0,12}}\b{_LR})[^.?!\n]{{0,25}}\b(?:jobs?|"
            r"running|tests?|queued?|verifications?|checks?|experiments?)\b",
        ),
        (
            4.6,
            r"\b(?:end|break|stop)\b[^.?!\n]{0,30}\b(?:running|run(?:s|ning)? test|"
            r"you're "
            r"running|it all)\b",
        ),
        (5.2, r"\blr-advisor cancel\b"),
        (
            6.0,
            rf"\bpull the plug\b|\b(?:off|from|out of) the queue\b|\bstop (?:number|"
            rf"no\.?|nr\.?) ?{O}|\bscrap (?:it|that|the)\b|\bend it\b",
        ),
        (6.0, r"\b(?:cancel|abort|kill|terminate|halt)\b(?! (?:out|each))"),
        (
            6.0,
            r"\bstop\b (?:(?:the|that|this|it|all|my|every|running|please|current|"
            r"now|those|them) ?)*(?:jobs?|runs?|verification|training|it|that|"
            rf"everything|them|all|{O}|tests?|experiments?|now|queue|{NAME}|$)",
        ),
        (5.6, rf"^{START}(?:please |ok |no,? )?stop\b[ ,.!]*(?:please|now|it|that|$)"),
        (
            5.6,
            r"\bnever ?mind\b|\bforget (?:it|about it)\b|\bcall (?:it|that) off\b|"
            rf"^{START}(?:no|nope|nah)\b(?! (?:gpu|lr))[^?]{{0,25}}$|\bdon't (?:run|"
            r"start|do)\b|\b(?:remove|drop|delete) (?:the )?jobs?\b",
        ),
    ),
    "help": (
        (
            5.6,
            r"\bwhat (?:else|things) can you\b|\bis there (?:an?|some|any) (?:kind of "
            r")?"
            r"(?:api|manual|guide|tutorial|cli|documentation|help|example)\b|"
            r"\bhow (?:do i|to|can i) (?:begin|start)(?: here)?\W*$|"
            r"\bwhat is (?:all )?this (?:all )?for\b|\bwhere can i see\b|"
            r"\bwhat (?:to|should i|do i) (?:type|write|enter|ask)\b",
        ),
        (
            5.6,
            r"\bwhat\b[^.?!\n]{0,30}\b(?:this|the) (?:page|thing|app|tool|program|site|"
            r"website|advisor|bot)\b[^.?!\n]{0,20}\b(?:do|does|answers?|offers?|knows?|"
            r"for|"
            r"good|helps?|able)\b|\bwhat\b[^.?!\n]{0,30}\b(?:can|could|may) (?:i|we|"
            r"one) "
            r"(?:\w+ )?(?:ask|aks|type|say|do here|do with)\b|\bwhat are you able\b",
        ),
        # How to do something with this program, and not what rate to take.
        (
            6.4,
            r"\b(?:how|where) (?:do|can|could|would|should|to|must) ?(?:i|we|you|one)? "
            r"?(?:\w+ ly )?"
            r"(?:import|export|install|add|upload|load|bring|cancel|stop|undo|remove|"
            r"delete|take back|back up|restore|connect|record|query|reproduce|share)\b"
            rf"(?!{_GAP}\b{_LR}(?! curve))(?!{_GAP}{NAME})",
        ),
        (
            6.0,
            r"\b(?:how|where|can|could) (?:do|can|could|would|should|to|must)? ?"
            rf"(?:i|we|you|one|an agent)?{_GAP}\b(?:csv|store|app|sql|api|gpu|files?|"
            r"folder|logs|recorder|loop|docs|documentation|mcp|claude|agent|language "
            r"model|llm|study|server|worker|browser|observation|own (?:run|model|data)|"
            r"command line|backup|json|columns?|terminal|conversations?)\b"
            rf"(?!{_GAP}\b{_LR}(?! curve))(?!{_GAP}{NAME})",
        ),
        (
            6.4,
            r"\b(?:can|could|do|does|will) (?:you|it|this|that|one|i) (?:also |even )?"
            r"(?:read|import|load|parse|open|take|understand|use|support|work with|"
            r"give you|send you|show you|hand you)\b[^.?!\n]{0,30}\b(?:mlflow|wandb|"
            r"w&b|weights (?:and|&) biases|optuna|tensorboard|csv|tsv|json|parquet|"
            r"logs?|lightning|keras|trainer_state|sweeps?|exports?|history|results)\b",
        ),
        (
            5.6,
            r"\b(?:import|export|undo|add (?:a |my )?model|gpu)\b[^.?!\n]{0,30}"
            r"(?:\bhow(?: to use)?|\bpossible|\?)\W*$",
        ),
        (
            5.4,
            r"\b(?:can|could|may|is it possible to|do i need to|is there)\b"
            r"[^.?!\n]{0,30}\b(?:my|our) own (?:model|workload|data ?set|loop|csv)\b|"
            r"\bwhere(?: is|'s| are)? (?:the |my |your )?(?:documentation|docs|store|"
            r"manual|conversations?)\b|\bcommand line\b|\bpython api\b|"
            r"\b(?:file formats?|columns)\b[^.?!\n]{0,30}\b(?:import|file|have|read)\b",
        ),
        (
            5.4,
            r"\b(?:things|stuff|what|questions?) (?:i|we|one) can (?:type|ask|write|"
            r"say)\b|\blist of commands\b|^\W*/help|\bwhere to start\b|\bcan i (?:ask|"
            r"type|write)\b",
        ),
        (
            6.0,
            r"^[\s!?.,]*(?:help|help me|help please|please help|usage|commands?|menu|"
            r"hi|hello|hey|hi there|hello there|good (?:morning|evening|day)|man|"
            r"options|start)[\s!?.,]*$",
        ),
        (
            5.6,
            r"\bwhat (?:can|could|do|else can) (?:you|i|this|it|the (?:app|advisor|"
            r"tool|bot|program))\b (?:\w+ ){0,2}?(?:do|ask|answer|help|know|offer|ask "
            r"you)\b",
        ),
        (
            5.4,
            r"\bhow (?:do|can|should|to) (?:i |you |we |one )?(?:use|ask|operate|work "
            r"with|talk to|get started|begin|start using)\b(?! (?:a |the |an )?(?:lr|"
            r"batch|warm))(?:[^.?!\n]{0,20}\b(?:you|this|it|tool|app|advisor|started|"
            r"questions?|program|bot|chat)\b|[\s!?.,]*$)",
        ),
        (
            5.4,
            r"\b(?:who|what) are you\b|\bwhat is this\b(?: (?:tool|app|page|program|"
            r"thing|site))?[\s!?.,]*$|\bwhat(?: is|'s) this (?:tool|app|page|program|"
            r"thing|site)|\bgetting started\b|\bwhat (?:kind|kinds|sort|sorts|type|"
            r"types) of (?:questions?|things)\b|\b(?:which|what) (?:questions|"
            r"commands|features|options)\b|\bexamples? (?:of )?questions?\b|\b(?:list|"
            r"show)(?: me)? (?:the |your |all )*(?:commands|features|options|"
            r"examples)\b|\bcan you help(?: me)?(?: please)?[\s!?.,]*$|\bhow does "
            r"this (?:app |tool |program |thing )?work\b|\b(?:i need|need some|some) "
            r"help[\s!?.,]*$|\bhow (?:do|can|to|would|should) "
            r"(?:i |we |you )?(?:import|export|install|add|upload|load|bring in)\b|"
            r"\b(?:can|could|may|where (?:do|can)) (?:i|we) (?:import|upload)\b|"
            r"^\W*(?:please )?(?:import|upload) (?:my|the|this|these|an?)\b|"
            r"\btutorial\b|\bmanual\b|"
            r"\bwhat (?:workloads|models) (?:do you|can you|are there)",
        ),
    ),
    "off_topic": (
        (
            7.0,
            r"\b(?:poem|joke|song|story|haiku|limerick|essay|weather|capital of|"
            r"president|football|soccer|world cup|stock|bitcoin|movie|film|recipe for "
            r"(?!the)|cook|bake|cookies?|cake|restaurant|horoscope|lottery|election|"
            r"homework|translate|girlfriend|boyfriend|dinner|lunch|pizza|bread|song "
            r"lyrics|lyrics|interest rate|exchange rate|heart rate|tax rate|mortgage|"
            r"birth rate|hotel rates?|flight|vacation|holiday|email to|cover letter|"
            r"python script|write (?:me )?(?:a|some) (?:code|program|function|script)|"
            r"meaning of life|favou?rite|your (?:system )?prompt|system prompt|your "
            r"instructions (?:are|were|say)|(?:reveal|print|show|"
            r"repeat)[^.?!\n]{0,20}(?:prompt|instructions|password|secret|api key)|"
            r"password|api[- ]?key|passwd|drop table|delete from|insert into|rm -rf|"
            r"jailbreak|dan mode)\b",
        ),
    ),
}
DOMAIN = re.compile(
    rf"{NAME}|[{R}{B}]|{OPT}|\b{_TERM}\b|\b(?:lr|batch|loss|training|train|model|"
    r"models|epochs?|optimizer|gpu|diverg\w+|stable|stability|gradient|jobs?|runs?|"
    r"verif\w+|tests?|queued?|experiments?|warm-?up|preview|range|egs?|recommend\w*|"
    r"proxy|workloads?|evidence|"
    r"scaling|schedule)\b"
)
