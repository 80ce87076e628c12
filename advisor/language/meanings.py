"""Words that mean much the same, so that one example speaks for all of them.

Each meaning is one sign for `learned`: whether a text holds it, and how often.
"""

import re

from advisor.language.text import Mark

_R, _B, _O = Mark.RATE, Mark.BATCH, Mark.OTHER

_MEANINGS = {
    "bad picture": "blurr\\w*|fuzzy|smear\\w*|mush\\w*|mud(?:dy)?|blob\\w*|smudg\\w*|"
    "pixelat\\w*|artifacts?|artefacts?|blotch\\w*|blocky|washed(?: |-)?out|flicker\\w*|"
    "ghost\\w*|spots?|stripes?|noisy|grainy|gr[ae]y|brown|green|purple|yellow|orange|"
    "black|dark\\w*|pale|garbage|soup|slush|static|checkerboard|melt\\w*|distort\\w*|"
    "deform\\w*|weird|strange|odd|ugly|horrible|terrible|hollow|plastic|waxy|smooth\\w*|"
    "double\\w* eyes|cross-?eyed|mosaic|tint\\w*|colou?rs?(?: are)? off",
    "picture": "previews?|faces?|pictures?|images?|eyes|teeth|skin|mouth|hair|colou?rs?|"
    "decoders?|outputs?|swaps?|side [ab]|masks?",
    "symptom": "nans?|inf(?:inity)?|diverg\\w*|explod\\w*|blew up|blow\\w* up|collaps\\w*|"
    "spik\\w*|swing\\w*|oscillat\\w*|bounc\\w*|jump\\w*|saw|zig-?zag|stuck|plateau\\w*|"
    "flat(?:lin\\w*)?|stall\\w*|stagnat\\w*|unstable|erratic|crash\\w*|broke\\w*|fail\\w*|"
    "overflow\\w*|not (?:going down|moving|learning|improving)|stopped|worse|wrong|"
    "springt|vanish\\w*|disappear\\w*|never came back|won't|hangs?|memori[sz]\\w*|"
    "overfit\\w*|negative|went up|going up|shot up|climb\\w*",
    "since": "since|after|suddenly|overnight|now|this morning|yesterday|today|then|"
    "came back|turned|became|went|lately|all of a sudden|used to",
    "asks for a cause": "why|what happened|what(?:'s| is) (?:wrong|going on|up with)|"
    "what could it be|cause|reason|any ideas?|how come|what to do|how do i fix|fix|"
    "what did i|did i|could (?:that|it) be|what now|warum|normal",
    "safety": "safe\\w*|ok|okay|fine|risky?|risks?|danger\\w*|surviv\\w*|hold\\w*|stable|"
    "too (?:high|hot|low|much|big|steep|aggressive|cold|far|small|large)|insane|crazy|"
    "explode|blow up|fly apart|kill\\w*|burn\\w*|trouble|sane|sensible|alright|all right|"
    "reasonable|mad|suicide|get away with|works?|leave it|mush|a no|overkill|reckless|"
    "cook\\w*|fry|dies?|bad idea|good idea|chances?|odds|probab\\w*|likely|confident|"
    "p\\(stable\\)|acceptable|workable|okay-ish|toast",
    "wants a rate": f"(?:what|which|wich|wat|best|good|right|starting|start|safe|sane|"
    f"sensible|recommended|suitable|first|optimal|quelle|welche|suggest\\w*|recommend\\w*|"
    f"give|need|want|tell|advise|pick|choose|use|set|put|type|write|peak|initial)"
    f"[^.?!{_R}]{{0,25}}\\b(?:lr|rates?|number|value)",
    "rate": "lr|rates?|learning",
    "batch": "batch|bs",
    "most": "largest|biggest|max(?:imum)?|most|highest|upper|top|limit|ceiling|until|"
    "before it|up to|how (?:big|large|high|far|much)|how many|grow|last good|greatest|"
    "go up to|as far as|cap|tops",
    "held": "stays?|fixed|keep\\w*|stuck at|constant|same rate|with that|that rate|"
    "can't touch|cannot change|must stay|leave|locked|won't change|given",
    "compare": "compar\\w*|versus|vs\\.?|against|than|differ\\w*|between|stack up|which "
    "one|which of|side by side|next to|same as|more|less|least|better|worse|touchy|"
    "picky|sensitive|forgiving|tolera\\w*|wins?|beats?|rank|or|both|sturdier|robust|add",
    "scale": "scal\\w*|proportion\\w*|linear\\w*|square root|invers\\w*|power|exponent|"
    "factor|times|doubl\\w*|halv\\w*|half|twice|tripl\\w*|quadrupl\\w*|multipl\\w*|"
    "divid\\w*|rule|law|grow\\w*|shrink\\w*|steep\\w*|climb|move|adjust|follow|relation\\w*|"
    "depend\\w*|larger must|sqrt|stay the same|up or down|go up|go down",
    "from one batch to another": f"{_B} ?(?:->|→|to|up to|down to|instead of|then|becomes?)"
    f" ?(?:batch )?{_B}|{_B}[^.?!]{{0,60}}\\b(?:to|becomes?|lets me do|run|takes|in total|"
    f"going to) (?:batch )?[{_B}{_O}]",
    "multiple": f"\\bx ?{_O}|{_O} ?x\\b|by {_O}|by (?:the )?(?:square root|half|two|four)",
    "speed": "fast\\w*|quick\\w*|slow\\w*|speed\\w*|throughput|egs?(?: ?/ ?s\\w*)?|it/s|per "
    "(?:second|sec|hour|minute)|hours per|time per|efficien\\w*|soon\\w*|least time|"
    "least hours|utili[sz]\\w*|maxes out|saturat\\w*|quicker|examples/s|images/s|wall",
    "order a run": "run|test|verify|check|train|try|start|launch|kick off|fire up|queue|"
    "schedule|prove|proof|experiment|trial|measure|redo|re-?run|repeat|bracket|burn in|"
    "make (?:a|an|the) (?:real )?(?:run|test|experiment|trial)|spin up|sweep|probe",
    "really": "actually|really|for real|real run|don't (?:just )?tell|no theory|in practice|"
    "by experiment|tell me (?:if|whether)|see (?:if|whether)|for a bit|for a few minutes",
    "budget": f"seeds?|minutes?|mins?|hours?|an hour|tops|overnight|budget|{_O} (?:runs|"
    "seeds)",
    "runs": "runs?|trials?|results|rows|records|history|evidence|stored?|store|entries|"
    "tried|tested|measured|observations|database|everything|those|ones",
    "show": "show|list|see|display|print|dump|pull up|dig|filter|open|browse|last|latest|"
    "newest|which|what|only|do (?:you|we|u) have|any|look through|in the store|let me|"
    "where|how many|give me",
    "job": "jobs?|queue\\w*|eta|progress|status|done|finished|still|started|running|going|"
    "left|how long|how far|ready|yet",
    "stop": "cancel\\w*|stop\\w*|abort|kill|terminate|halt|scrap|end it|pull the plug|"
    "forget it|never ?mind|off the queue|don't run|drop (?:it|that)|enough|remove|delete|"
    "call it off|no thanks|not now|leave it|quit|withdraw|ditch|hold (?:it|off)",
    "help": "help|commands?|examples?|can (?:you|u) do|can i (?:ask|type|write|say)|how "
    "(?:does|do) (?:this|it|you) work|get started|where to start|questions?|options|"
    "menu|what is this|who are you|i am new|i'm new|new here|type here|tutorial|usage",
    "explain": "what(?:'s| is| are| does| do)|wat is|whats|explain\\w*|mean\\w*|define|"
    "definition|how (?:does|do|is|are|come)|difference|stands? for|why|tell me about|eli5|"
    "like i'm five|understand|wtf is|bedeutet|qué es|in practice|good for|point of|idea of",
    "concept": "warm-?up|schedul\\w*|decay|cosine|momentum|adam\\w*|sgd|optimizers?|"
    "epochs?|iterations?|gradients?|averag\\w*|noise|minim\\w+|sharp\\w*|flat minim\\w*|"
    "generali[sz]\\w*|overfit\\w*|powers? of two|lr finder|range test|interval\\w*|"
    "credible|posterior|prior|probab\\w*|p\\(stable\\)|prox\\w+|seeds?|horizon|bracket|"
    "claims?|evidence|confidence|egs?|accumulation|mup|mu transfer|clipping|bf16|mixed "
    "precision|batch norm|catapult|edge of stability|noise scale|critical batch|extrapol\\w*|"
    "interpol\\w*|censor\\w*|regret|trial|plateau|nan|autoencoder|encoder|decoder|ssim|"
    "loss|power law|fit|finders?",
    "of the answer": "your|you|that number|interval|wide|narrow\\w*|sure|confident|"
    "certain|come from|based on|trust|believe|percent|%|yesterday|decide|numbers",
    "yes": "yes|yeah|yep|yup|sure|ok|okay|go|go ahead|please do|do it|ja|si|oui|fine|start",
    "no": "no|nope|not|don't|instead|nein|wait|sorry|i meant?|typo|rather|actually",
    "again": "same|again|too|also|as well|likewise|and|what about|how about|what if|then|"
    "there|that|it|those|this",
    "elsewhere": "recipe|cook\\w*|bak\\w+|weather|bible|poem|song|letter|landlord|haircut|"
    "medication|doctor|heart|resting|mortgage|interest|tax|football|cup|movie|film|"
    "president|capital|pizza|coffee|cats?|dogs?|holiday|flight|hotel|price|buy|laptop|"
    "password|credit|bank|prompt|instructions|jailbreak|drop table|select|script|alert|"
    "joke|story|essay|school|week|pace|marathon|church|oven|flour|scones|sourdough",
    "pasted": r"\[|loss [ab]\b|traceback|error|batch ?:|lr ?:|trainer ?:",
}
MEANINGS = {
    name: re.compile(rf"(?<![^\W_])(?:{words})(?![^\W_])")
    for name, words in _MEANINGS.items()
}
_SEVERAL = 3  # beyond that a meaning is no clearer


def meanings_of(marked: str) -> dict[str, float]:
    """Return how often a text holds each meaning, up to three times.

    >>> meanings_of("side b is mush, why?")["bad picture"]
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
