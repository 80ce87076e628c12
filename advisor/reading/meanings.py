"""Words that mean much the same, so that one example speaks for all of them.

Each meaning is one sign for `learned`: whether a text holds it, and how often.
"""

import re

from advisor.reading.text import Mark

_R, _B, _O = Mark.RATE, Mark.BATCH, Mark.OTHER

_MEANINGS = {
    "bad picture": (
        r"blurr\w*|fuzzy|smear\w*|mush\w*|mud(?:dy)?|blob\w*|smudg\w*|"
        r"pixelat\w*|artifacts?|artefacts?|blotch\w*|blocky|"
        r"washed(?: |-)?out|flicker\w*|ghost\w*|spots?|stripes?|noisy|"
        r"grainy|gr[ae]y|brown|green|purple|yellow|orange|black|dark\w*|"
        r"pale|garbage|soup|slush|static|checkerboard|melt\w*|distort\w*|"
        r"deform\w*|weird|strange|odd|ugly|horrible|terrible|hollow|plastic|"
        r"waxy|smooth\w*|double\w* eyes|cross-?eyed|mosaic|tint\w*|"
        r"colou?rs?(?: are)? off"
    ),
    "picture": (
        r"previews?|faces?|pictures?|images?|eyes|teeth|skin|mouth|hair|"
        r"colou?rs?|decoders?|outputs?|swaps?|side [ab]|masks?"
    ),
    "symptom": (
        r"nans?|inf(?:inity)?|diverg\w*|explod\w*|blew up|blow\w* up|"
        r"collaps\w*|spik\w*|swing\w*|oscillat\w*|bounc\w*|jump\w*|saw|"
        r"zig-?zag|stuck|plateau\w*|flat(?:lin\w*)?|stall\w*|stagnat\w*|"
        r"unstable|erratic|crash\w*|broke\w*|fail\w*|overflow\w*|"
        r"not (?:going down|moving|learning|improving)|stopped|worse|wrong|"
        r"springt|vanish\w*|disappear\w*|never came back|won't|hangs?|"
        r"memori[sz]\w*|overfit\w*|negative|went up|going up|shot up|"
        r"climb\w*"
    ),
    "since": (
        r"since|after|suddenly|overnight|now|this morning|yesterday|today|"
        r"then|came back|turned|became|went|lately|all of a sudden|used to"
    ),
    "asks for a cause": (
        r"why|what happened|what(?:'s| is) (?:wrong|going on|up with)|"
        r"what could it be|cause|reason|any ideas?|how come|what to do|"
        r"how do i fix|fix|what did i|did i|could (?:that|it) be|what now|"
        r"warum|normal"
    ),
    "safety": (
        r"safe\w*|ok|okay|fine|risky?|risks?|danger\w*|surviv\w*|hold\w*|"
        r"stable|"
        r"too (?:high|hot|low|much|big|steep|aggressive|cold|far|small|"
        r"large)|insane|crazy|explode|blow up|fly apart|kill\w*|burn\w*|"
        r"trouble|sane|sensible|alright|all right|reasonable|mad|suicide|"
        r"get away with|works?|leave it|mush|a no|overkill|reckless|cook\w*|"
        r"fry|dies?|bad idea|good idea|chances?|odds|probab\w*|likely|"
        r"confident|p\(stable\)|acceptable|workable|okay-ish|toast"
    ),
    "wants a rate": (
        r"(?:what|which|wich|wat|best|good|right|starting|start|safe|sane|"
        r"sensible|recommended|suitable|first|optimal|quelle|welche|"
        r"suggest\w*|recommend\w*|give|need|want|tell|advise|pick|choose|"
        rf"use|set|put|type|write|peak|initial)[^.?!{_R}]{{0,25}}\b(?:lr|rates?|"
        r"number|value)"
    ),
    "rate": (r"lr|rates?|learning"),
    "batch": (r"batch|bs"),
    "most": (
        r"largest|biggest|max(?:imum)?|most|highest|upper|top|limit|ceiling|"
        r"until|before it|up to|how (?:big|large|high|far|much)|how many|"
        r"grow|last good|greatest|go up to|as far as|cap|tops"
    ),
    "held": (
        r"stays?|fixed|keep\w*|stuck at|constant|same rate|with that|"
        r"that rate|can't touch|cannot change|must stay|leave|locked|"
        r"won't change|given"
    ),
    "compare": (
        r"compar\w*|versus|vs\.?|against|than|differ\w*|between|stack up|"
        r"which one|which of|side by side|next to|same as|more|less|least|"
        r"better|worse|touchy|picky|sensitive|forgiving|tolera\w*|wins?|"
        r"beats?|rank|or|both|sturdier|robust|add"
    ),
    "chance": (
        r"luck\w*|chan[cg]e|coinciden\w*|random\w*|noise|nois(?:e|y)|fluke|"
        r"significan\w*|"
        r"p[- ]?values?|t[- ]?test|error bars?|std|stdev|spread|variance|varies|real|"
        r"meaningful|mean anything|anything|matters?|distinguish\w*|apart|trust|"
        r"believe|"
        r"detect|convincing|conclude|fooling|signal|win(?:s|ner|ning)?|beats?"
    ),
    "gap": (
        r"differ\w*|gaps?|improvements?|gain|gains|margin|effect|advantage|edge|better|"
        r"worse|ahead|same|equal|two runs|both runs|second run|run [ab]|repeats?|"
        r"replicates?|seeds?|times each|one run each|vs|versus|against"
    ),
    "scale": (
        r"scal\w*|proportion\w*|linear\w*|square root|invers\w*|power|"
        r"exponent|factor|times|doubl\w*|halv\w*|half|twice|tripl\w*|"
        r"quadrupl\w*|multipl\w*|divid\w*|rule|law|grow\w*|shrink\w*|"
        r"steep\w*|climb|move|adjust|follow|relation\w*|depend\w*|"
        r"larger must|sqrt|stay the same|up or down|go up|go down"
    ),
    "from one batch to another": (
        rf"{_B} ?(?:->|→|to|up to|down to|instead of|then|becomes?) ?(?:batch "
        rf")?{_B}|"
        rf"{_B}[^.?!]{{0,60}}\b(?:to|becomes?|lets me do|run|takes|in total|"
        rf"going to) (?:batch )?[{_B}{_O}]"
    ),
    "multiple": (
        rf"\bx ?{_O}|{_O} ?x\b|by {_O}|by (?:the )?(?:square root|half|two|four)"
    ),
    "speed": (
        r"fast\w*|quick\w*|slow\w*|speed\w*|throughput|egs?(?: ?/ ?s\w*)?|"
        r"it/s|per (?:second|sec|hour|minute)|hours per|time per|"
        r"efficien\w*|soon\w*|least time|least hours|utili[sz]\w*|maxes out|"
        r"saturat\w*|quicker|examples/s|images/s|wall"
    ),
    "order a run": (
        r"run|test|verify|check|train|try|start|launch|kick off|fire up|"
        r"queue|schedule|prove|proof|experiment|trial|measure|redo|re-?run|"
        r"repeat|bracket|burn in|"
        r"make (?:a|an|the) (?:real )?(?:run|test|experiment|trial)|spin up|"
        r"sweep|probe"
    ),
    "really": (
        r"actually|really|for real|real run|don't (?:just )?tell|no theory|"
        r"in practice|by experiment|tell me (?:if|whether)|"
        r"see (?:if|whether)|for a bit|for a few minutes"
    ),
    "budget": (
        r"seeds?|minutes?|mins?|hours?|an hour|tops|overnight|budget|"
        rf"{_O} (?:runs|seeds)"
    ),
    "runs": (
        r"runs?|trials?|results|rows|records|history|evidence|stored?|store|"
        r"entries|tried|tested|measured|observations|database|everything|"
        r"those|ones"
    ),
    "show": (
        r"show|list|see|display|print|dump|pull up|dig|filter|open|browse|"
        r"last|latest|newest|which|what|only|do (?:you|we|u) have|any|"
        r"look through|in the store|let me|where|how many|give me"
    ),
    "job": (
        r"jobs?|queue\w*|eta|progress|status|done|finished|still|started|"
        r"running|going|left|how long|how far|ready|yet|working on|through|news|"
        r"being (?:trained|run|tested)|at it|to go|along"
    ),
    "stop": (
        r"cancel\w*|stop\w*|abort|kill|terminate|halt|scrap|end it|"
        r"pull the plug|forget it|never ?mind|off the queue|don't run|"
        r"drop (?:it|that)|enough|remove|delete|call it off|no thanks|"
        r"get rid of|throw away|throw|no more|changed my mind|"
        r"not now|leave it|quit|withdraw|ditch|hold (?:it|off)"
    ),
    "free it": (
        r"free (?:the|my|up)|let go|give (?:me )?(?:my|the) \w+ back|take (?:it|"
        r"that|them|"
        r"number \S+|\w+ \w+|back) (?:off|out|the)|empty|flush|clear|wipe|"
        r"(?:not|isn't|no longer|don't) need\w*|no need|needn't|don't (?:start|run|"
        r"test|do|bother|want)|do not (?:start|run|test|want)|not (?:start|begin)|"
        r"second thoughts?|after all|break (?:it )?off|brek off|skip|wait|hold on|"
        r"wrong (?:one|model|batch|rate|settings?)|must shut|have to (?:leave|"
        r"reboot|go)"
    ),
    "one's own training": (
        r"(?:my|our|mine) (?:\w+ ){0,2}(?:training|run|loss|model|net\w*|"
        r"preview|faces?|"
        r"pictures?|accuracy|gradients?|loras?|swaps?|curve|adapter|val|decoder|"
        r"outputs?)|"
        r"the (?:loss|previews?|faces?|swap|model|training|run|mask|adapter|accuracy|"
        r"lora|network|colou?rs|eyes|outputs?) (?:\w+ )?(?:is|are|has|have|looks?|went|"
        r"goes|go|does|do|did|stays?|keeps?|turned|gets?|got|fell|rose|jumps?|forgets|"
        r"outputs|learns?|died|never|won't|doesn't|don't|only|bounces?|swings?)|"
        r"(?:made|makes?|did|does|has|broke|killed|ruined) (?:it|the run|my \w+) (?:go|"
        r"diverge|collapse|fail|explode|die|went|nan)|why (?:did|does|is|are|won't|"
        r"doesn't|has) (?:it|my|the|everything|training)"
    ),
    "where from": (
        r"why (?:does|do|is|should|would|are|not|doesn't)|who (?:came|invented|found|"
        r"says|said|discovered)|where (?:does|do|did) .{3,40} come from|justif\w*|"
        r"reason|theory|idea|origin|invented|behind|derive\w*|proof of|principle|"
        r"history|in general|must the|special about|point of"
    ),
    "does not know": (
        r"no idea|not sure|don't (?:know|remember)|dont (?:know|remember)|dunno|"
        r"forgot\w*|"
        r"unsure|no clue|can't remember|haven't decided|you choose|whatever|maybe"
    ),
    "in the queue": r"(?:in|into|to|on) the queue|queue (?:a|the|it|up)|enqueue",
    "asks the program": (
        r"^\W*(?:do|does|can|will|are|is|did) (?:you|u|it|this|one)|^\W*(?:how|where|"
        r"what|which) (?:\w+ )?(?:do|does|can|must|should|may|to) (?:i|you|u|"
        r"one|we|this)"
    ),
    "help": (
        r"help|commands?|examples?|can (?:you|u) do|"
        r"can i (?:ask|type|write|say)|how (?:does|do) (?:this|it|you) work|"
        r"get started|where to start|questions?|options|menu|what is this|"
        r"who are you|i am new|i'm new|new here|type here|tutorial|usage"
    ),
    "sources": (
        r"sources?|papers?|claims?|on record|cited?|rests? on|based on|behind|"
        r"measured|who (?:measured|says)|which runs"
    ),
    "how to": (
        r"how (?:do|can|could|to|would|must) (?:i|we|you|one)|how to|is there a way|"
        r"where (?:do|can|is|are)|possible|do i need to|can i"
    ),
    "of this program": (
        r"import\w*|export\w*|install\w*|uploads?|back ?ups?|restore|undo|csv|tsv|json|"
        r"parquet|wandb|w&b|mlflow|optuna|tensorboard|lightning|keras|logs?|folder|"
        r"files?|formats?|columns?|store|documentation|docs|command line|api|sql|app|"
        r"browser|port|server|workers?|agents?|mcp|language model|llm|own (?:model|"
        r"workload|loop|data ?set)|add (?:a |my )?model|observations?|version|"
        r"terminal|recorder|callback|conversations?|chats?|charts?|tables?|"
        r"pages?|buttons?|"
        r"settings|dark mode|font|colou?rs|licen[cs]e|open source|privat\w*|offline|"
        r"internet|windows|mac|linux|docker|python|notebook|github|bugs?|updat\w*|"
        r"cost|free of charge|languages?|print|share|copy|paste|save|download|rename|"
        r"delete|reset|config|tokens?|shortcuts?|editor|plug\w*|connect\w*|tables?|"
        r"database|own (?:runs?|results?|network)|recorded?|enter|correct a run"
    ),
    "of the talk": (
        r"(?:can|may|could|should|do|must) i (?:ask|type|write|say|paste|enter|put)|"
        r"what (?:may|can|do|should) i|to ask|to type|kinds? of|topics|able to|"
        r"you (?:can|understand|know|do|for|made|built|speak)|made (?:you|this)|"
        r"built (?:you|this)|wrote (?:you|this)|this (?:thing|program|tool|app|site|"
        r"page)|first time|begin|beginner|hello|hi|hey|manual|instructions"
    ),
    "in other words": (
        r"simpl\w*|plain (?:words|english)|in english|other words|again|differently|"
        r"rephrase|eli5|for (?:a )?(?:beginners?|dummies|child)|get it|understand|"
        r"clearer|shorter|in short"
    ),
    "scored best": (
        r"scored best|did best|best scoring|best run|came out on top|on top|best result"
    ),
    "without effect": (
        r"identical|exactly the same|the same each time|no effect|no difference|"
        r"whatever (?:rate|lr)"
    ),
    "explain": (
        r"what(?:'s| is| are| does| do)|wat is|whats|explain\w*|mean\w*|"
        r"define|definition|how (?:does|do|is|are|come)|difference|"
        r"stands? for|why|tell me about|eli5|like i'm five|understand|"
        r"wtf is|bedeutet|qué es|in practice|good for|point of|idea of"
    ),
    "concept": (
        r"warm-?up|schedul\w*|decay|cosine|momentum|adam\w*|sgd|optimizers?|"
        r"epochs?|iterations?|gradients?|averag\w*|noise|minim\w+|sharp\w*|"
        r"flat minim\w*|generali[sz]\w*|overfit\w*|powers? of two|lr finder|"
        r"range test|interval\w*|credible|posterior|prior|probab\w*|"
        r"p\(stable\)|prox\w+|seeds?|horizon|bracket|claims?|evidence|"
        r"confidence|egs?|accumulation|mup|mu transfer|clipping|bf16|"
        r"mixed precision|batch norm|catapult|edge of stability|noise scale|"
        r"effective batch|q?loras?|adapters?|alpha|rank|"
        r"critical batch|extrapol\w*|interpol\w*|censor\w*|regret|trial|"
        r"plateau|nan|autoencoder|encoder|decoder|ssim|loss|power law|fit|"
        r"finders?"
    ),
    "of the answer": (
        r"your|you|that number|interval|wide|narrow\w*|sure|confident|"
        r"certain|come from|based on|trust|believe|percent|%|yesterday|"
        r"decide|numbers"
    ),
    "yes": (
        r"yes|yeah|yep|yup|sure|ok|okay|go|go ahead|please do|do it|ja|si|"
        r"oui|fine|start"
    ),
    "no": (
        r"no|nope|not|don't|instead|nein|wait|sorry|i meant?|typo|rather|"
        r"actually"
    ),
    "again": (
        r"same|again|too|also|as well|likewise|and|what about|how about|"
        r"what if|then|there|that|it|those|this"
    ),
    "elsewhere": (
        r"recipe|cook\w*|bak\w+|weather|bible|poem|song|letter|landlord|"
        r"haircut|medication|doctor|heart|resting|mortgage|interest|tax|"
        r"football|cup|movie|film|president|capital|pizza|coffee|cats?|"
        r"dogs?|holiday|flight|hotel|price|buy|laptop|password|credit|bank|"
        r"prompt|instructions|jailbreak|drop table|select|script|alert|joke|"
        r"story|essay|school|week|pace|marathon|church|oven|flour|scones|"
        r"sourdough"
    ),
    "pasted": (r"\[|loss [ab]\b|traceback|error|batch ?:|lr ?:|trainer ?:"),
}
MEANINGS = {
    name: re.compile(rf"(?<![^\W_])(?:{words})(?![^\W_])")
    for name, words in _MEANINGS.items()
}
_SEVERAL = 3  # beyond that a meaning is no clearer


def meanings_of(marked: str) -> dict[str, float]:
    """Return how often a text holds each meaning, up to three times.

    >>> meanings_of("side b is mush, why?")["means bad picture"]
    1.0
    """
    found = {}
    for name, pattern in MEANINGS.items():
        count = sum(
            1 for _ in zip(range(_SEVERAL), pattern.finditer(marked), strict=False)
        )
        if count:
            found[f"means {name}"] = 1.0 + 0.3 * (count - 1)
    return found
