"""What we say: from a question and the store to an answer, and the runs that help it.

question        text -> Question (pure); language/ holds its parts
evidence        which runs and claims count, which do not, and why (pure)
priors          every prior and threshold of the statistics, with its source
survival        how runs and claims speak of a threshold: the likelihood (pure)
sampler         sequential Monte Carlo (pure)
regression      StableLearningRateModel: fit, predict (pure)
pooling         what siblings say before a workload's own runs (pure)
best_rate       the rate with the lowest loss, against batch size (pure)
fitting         evidence -> fitted models, remembered
planning        posterior -> the run that tells most (pure)
verification    a wish for runs -> runs within a budget (pure)
costs           what a run costs (pure)
recommendation  evidence + model -> Recommendation, Judgement (pure)
scaling         the referee on scaling rules (pure)
wording         answers -> sentences (pure)
charts          answers -> charts (pure)
rates           learning rates as they are shown (pure)
rates           learning rates as they are shown (pure)
checks          values from outside -> values that can be right
settings        environment -> Settings
answering       the reading half of the Advisor: evidence, fits, answers, plans
service         Advisor: answers, imports, verification; what app and CLI call
conversation    ask(): a question in words -> Answer
describing      a workload's parameter counts, from a process of its own
verifying       verifications under way: started, advanced, watched, stopped
supervisor      python -m advisor.supervisor: tends a store's unfinished work
cli             lr-advisor
ui/             the app; the only package that imports streamlit
"""
