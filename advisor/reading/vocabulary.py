"""What people call workloads, optimizers and devices, and what only looks like it."""

import re

from knowledge.optimizers import KNOWN

# What people call our own workloads, beside their names.
ALIASES = {
    "real face": "realface",
    "d light": "dlight",
    "d lite": "dlight",
    "dlite": "dlight",
    "digit mlp": "digits_mlp",
    "digit cnn": "digits_cnn",
    "digitsmlp": "digits_mlp",
    "digitscnn": "digits_cnn",
    "mlp on digits": "digits_mlp",
    "cnn on digits": "digits_cnn",
    "mlp on the digits": "digits_mlp",
    "cnn on the digits": "digits_cnn",
    "mlp for digits": "digits_mlp",
    "cnn for digits": "digits_cnn",
    "mlp digits": "digits_mlp",
    "cnn digits": "digits_cnn",
    "mlp": "digits_mlp",
    "cnn": "digits_cnn",
    "convnet": "digits_cnn",
    "originals": "original",
    "orig": "original",
}
NUMBER_OF = r"(?:(?:all|both|these|the|of|two|three|2|3|which|what|every|each|any) )*"
KIND = (
    r"(?:models?|nets?|networks?|workloads?|architectures?|autoencoders?|classifiers?|"
    r"ones?)"
)
FACE_GROUP = re.compile(
    rf"\b{NUMBER_OF}(?:face(?:[- ]?swap)?(?:ping)?) (?:trainer )?{KIND}\b|\b(?:all|of|"
    rf"the) (?:the )?(?:three|3) {KIND}\b|\bface[- ]?swap\b(?! forum)"
)
DIGITS_GROUP = re.compile(rf"\b{NUMBER_OF}(?:digits|digit {KIND})\b(?! after)")
EVERY_MODEL = re.compile(
    r"\b(?:all|every|each|any|(?<!for )(?:which|what)) (?:of )?(?:the |your "
    rf")?{KIND}\b(?<!one)(?<!ones)"
)
NOT_THE_WORKLOAD = re.compile(
    r"\boriginal (?:post|posts|poster|paper|article|claims?|questions?|forum|images?|"
    r"photos?|idea|plan|deepfakes?|script|code|repo|sin|version|recipe|authors?|source|"
    r"faces?|thread|statement)\b|\b(?:my|your|its|"
    r"our|their|his|her) original (?:lr|rate|batch|settings?|values?|choice|config|"
    r"one|number|answer|setup)\b(?! ?[=:]? ?\d)|\bthe original (?:lr|rate|batch|"
    r"settings?|values?|config|setup)\b(?! ?[=:]? ?\d)"
)

_DATA_SET = r"(?:mnist|fashion[- ]?mnist|cifar[- ]?\d*|imagenet)"
# A data set stands for a model where none is named.
DATA_SET = re.compile(rf"\b{_DATA_SET}\b")
# Models that are not ours, by which people may well ask for advice.
FOREIGN = re.compile(
    rf"\b(?:{_DATA_SET}[- ](?:mlp|cnn|convnet)|(?:resnet|resnext|vgg|densenet|"
    r"efficientnet|mobilenet|alexnet|lenet|convnext|yolo(?! (?:detect |segment |"
    r"task)?(?:train|detect|"
    r"val|predict)\b)|u-?net|stylegan|gpt|bert|"
    r"roberta|llama|mistral|t5|vit|swin|sdxl|whisper|wav2vec|stable diffusion|simswap|"
    r"roop|deepfacelab|saehd|quick|villain|dfaker|lightweight|iae|phaze|unbalanced|"
    r"disney|dny|dfl|pix2pix|cyclegan|dcgan|wgan|vae|lstm|gru|transformer|"
    r"deit|beit|clip vit|dino|regnet|detr|diffusion "
    r"model|qwen|gemma|mixtral|deepseek|falcon|flux|(?:sd|phi)(?=[ -.]?v?\d))"
    # Versions and sizes are part of it: llama 3.1 8b, gpt-3.5, sd 1.5, yolo v8s.
    r"(?:-?[a-z]{0,5}\d+(?:\.\d+)?(?![\d.]*e[-+]?\d)[a-z]{0,2}| v\d+(?:\.\d+)?[a-z]?|"
    r" \d+\.\d+(?![\d.]*e[-+]?\d)|(?<=net) (?:18|34|50|101|152)| "
    r"\d(?=[ -]\d+(?:\.\d+)?[bm]\b))?"
    r"(?:[- ]\d+(?:\.\d+)?[bm]\b)?"
    # The patch of a vision transformer: vit-b/16.
    r"(?:[-_][a-z]+\d*(?:\.\d+)?){0,3}(?:(?<=[-_ ][a-z])/\d{1,2}\b)?"
    r"(?! (?:trial|run|test|"
    r"check|question|look|one|answer|verification|experiment|and dirty)\b)|"
    # Names that people give: krakennet, nanogpt, hydra_v2.
    rf"(?P<given>(?!{_DATA_SET}\b)[a-z][\w-]*(?:net|gpt|former|bert|gan|unet|lstm)|"
    r"[a-z]{3,}_(?:v\d+|net|model)))\b"
)
# Other models of the programs that swap faces.
FACE_SWAP = re.compile(
    r"phaze|villain|dfaker|\bdfl|saehd|\biae\b|lightweight|\bunbalanced\b|deep-?face|"
    r"face-? ?swap"
)
# A part of a diffusion model, with a rate of its own: "unet lr".
UNET = re.compile(r"u-?net\b")
NOT_A_UNET = re.compile(r"\bq?loras?\b|\b(?:dim|rank|alpha|sd|sdxl|flux)\b")
# Models whose names are words of the language: only in a model's place.
ALSO_WORDS = frozenset("quick villain lightweight unbalanced disney roop".split())
MODELS_PLACE = re.compile(
    r"(?:^|\b(?:for|on|train|training|trainer|model|workload|of|use|using|with|"
    r"is)[:= ]+"
    r"(?:my |the |a )?)$"
)
# "mlp" and "cnn" are ours, but not that of another subject or on other data.
OTHER_KIND = re.compile(
    r"\b(?P<subject>tabular|text|audio|speech|image|graph|time[- ]series|regression|"
    r"medical|policy|critic|actor|[123]d|deep)[- ](?P<kind>mlp|cnn|convnet)\b|"
    r"\b(?P<plain>mlp|cnn|convnet) (?:on|for|over) (?:my |our |the |a )?"
    r"(?P<data>[a-z][\w-]{2,})"
)
BEFORE_BATCH = re.compile(
    r"\b(?:for|on|train|does|can|is|and) (?:my |the |a "
    r")?(?P<name>[a-z][\w+.-]*[a-z\d])(?= model\b| net\b| network\b| workload\b| at "
    r"(?:batch|\d)|,? batch\b| with batch\b|,? (?:with )?lr\b| (?:need|tolerate|stand|"
    r"want)\b)"
)
AT_THE_END = re.compile(
    r"\blr\b[^.?!]{0,40}\b(?:for|on|train) (?:my |the |a "
    r")?(?P<name>[a-z][\w+.-]*[a-z\d]) ?\??$"
)
WORKLOAD_WORD = re.compile(
    r"\b(?:workload|model)(?: named| called|:| =|=) ?['\"]?(?P<name>[a-z][\w./-]*\w)"
)
# Words of no subject. Source: scikit-learn's English stop words (loading it for them
# would take longer than an answer), from the Glasgow Information Retrieval Group.
STOP_WORDS = frozenset(
    """
    a about above across after afterwards again against all almost alone along
    already also although always am among amongst amoungst amount an and another any
    anyhow anyone anything anyway anywhere are around as at back be became because
    become becomes becoming been before beforehand behind being below beside besides
    between beyond bill both bottom but by call can cannot cant co con could couldnt
    cry de describe detail do done down due during each eg eight either eleven else
    elsewhere empty enough etc even ever every everyone everything everywhere except
    few fifteen fifty fill find fire first five for former formerly forty found four
    from front full further get give go had has hasnt have he hence her here
    hereafter hereby herein hereupon hers herself him himself his how however
    hundred i ie if in inc indeed interest into is it its itself keep last latter
    latterly least less ltd made many may me meanwhile might mill mine more moreover
    most mostly move much must my myself name namely neither never nevertheless next
    nine no nobody none noone nor not nothing now nowhere of off often on once one
    only onto or other others otherwise our ours ourselves out over own part per
    perhaps please put rather re same see seem seemed seeming seems serious several
    she should show side since sincere six sixty so some somehow someone something
    sometime sometimes somewhere still such system take ten than that the their them
    themselves then thence there thereafter thereby therefore therein thereupon
    these they thick thin third this those though three through throughout thru thus
    to together too top toward towards twelve twenty two un under until up upon us
    very via was we well were what whatever when whence whenever where whereafter
    whereas whereby wherein whereupon wherever whether which while whither who
    whoever whole whom whose why will with within without would yet you your yours
    yourself yourselves
    """.split()
)
# What may stand in a model's place without being one.
PLAIN_WORDS = STOP_WORDS | frozenset(
    """
    nan nans inf null zero unet u-net
    a accuracy adam adamw effective egs monday tuesday wednesday thursday friday
    saturday sunday proxy stuck swap again ai all an another answer any anything are
    article
    auto average bad bank batch be best better big bigger both cake car card case
    certain check city claim computer convergence cookies cpu cuda data dataset
    decay deep default desktop device dinner do does each earth epoch epochs every
    everything example examples face faces fake fast faster fastest fine first forum
    free fun generalisation generalization good gpu guitar her here high higher him
    hotel hours house how instance inverse is it it? iteration iterations its job
    jobs laptop large large-batch larger learning least less light linear lion loan
    long long-term longer loss low lower lr machine machine-learning marathon max
    maximum me me/us memory min minimum minutes model models momentum money more
    mortgage most my net network networks neural new no none now ok okay old one
    ones optimal optimizer other our pc people piano please post preview python
    quality question questions range ranges rate rates real reference result results
    risk rmsprop root rule rules run runs safe sale same scaling schedule scratch
    second seconds set setting settings sgd sharpness short shorter size sizes slow
    slower small small-batch smaller some something spanish speed sqrt square
    stability stable start starting step steps sure test thanks that that? the them
    then there these they third this those throughput time today train training
    trial trials try trying unstable us use used using value values verification
    verify warmup we what when where which who why work working workload workloads
    works world worse you your
    """.split()
)

# Names of optimizers that are words of the language as well.
_ALSO_WORDS = frozenset("came soap apollo lion galore shampoo prodigy".split())
OPTIMIZERS = {
    **{name: name for name in KNOWN if name not in _ALSO_WORDS},
    **{name: name for name in ("lion", "shampoo", "prodigy", "lbfgs")},
    "adam w": "adamw",
    "adam-w": "adamw",
    "rms prop": "rmsprop",
    "adma": "adam",
    "addam": "adam",
    "stochastic gradient descent": "sgd",
}
# As a framework spells it: adamw_bnb_8bit, PagedAdamW32bit, sgd_momentum.
_SPELT = r"(?:\w*adamw?|sgd|lion|adafactor|rmsprop|adagrad)(?:_\w+|\d+bit)"
_PREFIXED = r"paged_?\w+|fused_?\w+"
OPTIMIZER = re.compile(
    r"(?P<not>\b(?:not|no|without|instead of|rather than|than|from) "
    rf")?\b(?P<name>{_SPELT}|{_PREFIXED}|"
    rf"{'|'.join(sorted(OPTIMIZERS, key=len, reverse=True))})\b"
)
# These describe an optimizer only where no other is named.
WEAK_OPTIMIZERS = ("momentum", "nesterov")

CARD = r"(?:(?:10[5-8]|16[56]|20[678]|30[5-9]|40[6-9]|50[5-9])0)"
_NO = (
    r"\b(?:no(?! the\b)|not|without(?: a)?|instead of|rather than|lack|lacking|"
    r"(?:don't|do not|haven't|doesn't) have) (?:on |an? |any |the |my |using ){0,3}"
)
_CPU = (
    r"\bcpus?\b|\bprocessors?\b|\b(?:core )?i[3579](?:-\d+\w*)?\b|"
    r"\bryzen(?: \d)?(?: \d{4}\w*)?\b|\bxeon\b|\bthreadripper\b"
)
_MAKER = r"(?:nvidia|geforce|quadro|tesla|titan|rtx|gtx)[ -]?"
_GPU = (
    rf"(?:rtx|gtx)[ -]?(?:a?\d{{3,4}})|{CARD}|[ahvpk](?:100|40|80|200)|b200|a10g?|"
    r"a[456]000|l40s?|l4|t4|gpu|cuda|nvidia|geforce|quadro|titan(?: x| v| rtx)?|"
    r"(?:graphics?|video) card|(?<!credit )(?<!playing )card(?=s\b)|"
    r"(?<=per )card|(?<=each )card"
)
DEVICE = re.compile(
    rf"(?P<not>{_NO})?(?:(?P<cpu>{_CPU})|(?P<cuda>(?:(?<![\w.])|(?<=\dx))(?:{_MAKER}){{0,3}}"
    rf"(?:{_GPU})(?:[ -]?(?:ti|super)){{0,2}}(?:[- ]?only)?(?P<many>s)?"
    r"(?![\w@/]*\w)))(?P<busy> (?:is|are|was) (?:busy|taken|broken|dead|occupied|"
    r"gone|in use)\b)?"
)

# Real words that lie one slip away from a workload.
REAL_WORDS = frozenset("origin origins originally replace delight daylight".split())
