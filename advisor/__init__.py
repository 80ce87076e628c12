"""What we say: from a question and the store to an answer, and the runs that help it.

question        text -> Question (pure); language/ holds its parts
evidence        which runs and claims count, which do not, and why (pure)
priors          every prior and threshold of the statistics, with its source
survival        how runs and claims speak of a threshold: the likelihood (pure)
sampler         sequential Monte Carlo (pure)
regression      StableLearningRateModel: fit, predict (pure)
pooling         what siblings say before a workload's own runs (pure)
loss_shape      what scores at one batch size say of its best rate (pure)
law_prior       what siblings say of a best-rate law (pure)
best_rate       the rate with the lowest loss, against batch size (pure)
library         a store's evidence, sorted once and kept while nothing is added
memory          what was worked out, up to a total weight
kept_fits       siblings' fits in a file of the store, for the next process
fitting         evidence -> fitted models, remembered
planning        posterior -> the run that tells most (pure)
verification    a wish for runs -> runs within a budget (pure)
costs           what a run costs, from what was timed (pure)
timings         what was timed on this machine: runs and measured speeds
measuring       measures how fast each batch size trains here, and saves it
throughput      how fast each batch size is, the fastest with a known rate (pure)
throughput_wording, throughput_chart  that -> sentences, a chart (pure)
recommendation  evidence + model -> Recommendation, Judgement (pure)
forecasting     what is expected of each run before it starts (pure)
calibration     how forecasts and intervals held (pure)
interval_checks whether an interval held, by later runs alone (pure)
largest_batch   the largest batch size a rate stands, or why there is none (pure)
comparing       which workload stands the higher rate, how surely (pure)
scaling         the referee on scaling rules: findings, claims, verdicts (pure)
deciding        the runs that tell two scaling rules apart (pure)
refereeing      evidence and fits -> the referee's report
wording         answers -> sentences (pure)
scaling_wording the referee's report -> sentences (pure)
charts          answers -> charts (pure)
shortening      a run as a shorter one would have seen it (pure)
outcome_map     how each run ended over batch size and rate, in panels (pure)
listing         lists as they are read aloud (pure)
rates           learning rates as they are shown (pure)
checks          values from outside -> values that can be right
settings        environment -> Settings
answering       the reading half of the Advisor: evidence, fits, answers, plans
service         Advisor: answers, imports, verification; what app and CLI call
asking/         ask(): a question in words -> Answer; proposals, history
diagnosis/      what a symptom points to, below and above the boundary
concepts/       concepts tied to our own runs
language_model/ an answer in a language model's words, if they hold
describing      a workload's parameter counts, from a process of its own
tools           the functions as a table of tools, for agents and a language model
tool_arguments  arguments of a tool -> values its schema allows (pure)
tool_results    what a tool returns, cut to a readable size (pure)
mcp_server      the tools over the Model Context Protocol: stdio, HTTP with a token
verifying       verifications: started, watched, said in JSON
advancing       what a verification does next: queue, carry further, close
study           the study's plan: parts, shares of the time (pure)
studying        carries the study out, and goes on where it was
shipping        a store's runs -> the study that ships
study_command   `lr-advisor study`
tending         whether somebody tends unfinished work; started anew, or given up
supervisor      python -m advisor.running.supervisor: tends a store's unfinished work
cli             lr-advisor
ui/             the app; the only package that imports streamlit
"""
