-- views.waiting: How long each problem took from step to step, and what it waits for.
-- Grain: one row per problem and time round the loop
-- problem_id VARCHAR: problem
-- cycle_number BIGINT: 1 for a new problem, more for one that came back
-- state VARCHAR: how far it has come
-- raised_on DATE: day on which it was raised
-- signal_to_decision_days BIGINT: days to a valid decision
-- decision_to_live_days BIGINT: days from there until the change was in place
-- live_to_verdict_days BIGINT: days from there to a verdict
-- waiting_for VARCHAR: what it waits for
select
    problem_id,
    cycle_number,
    state,
    raised_on,
    signal_to_decision_days,
    decision_to_live_days,
    live_to_verdict_days,
    waiting_for
from implementation.tempo
order by raised_on, problem_id
