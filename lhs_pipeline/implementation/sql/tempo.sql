-- implementation.tempo: How fast the system acts: signal, decision, go-live, verdict.
-- Grain: one row per problem and cycle
-- problem_id VARCHAR: problem
-- cycle_number BIGINT: cycle
-- domain VARCHAR: clinical, operational or staff_wellbeing
-- state VARCHAR: open, decided, live, watching or closed
-- raised_on DATE: day on which the cycle could first be known
-- decided_on DATE: first decision that counts
-- live_on DATE: first unit that really began
-- verdict_on DATE: day of the verdict that closed the cycle or sent it back
-- signal_to_decision_days BIGINT: days from signal to decision
-- decision_to_live_days BIGINT: days from decision to go-live
-- live_to_verdict_days BIGINT: days from go-live to verdict
-- waiting_for VARCHAR: what the problem waits for now
with decided as (
    select problem_id, cycle_number, min(decided_on) as decided_on
    from decision.decisions
    where is_valid
    group by problem_id, cycle_number
),
begun as (
    select problem_id, cycle_number, min(first_live_on) as live_on
    from implementation.actions
    where state <> 'blocked'
    group by problem_id, cycle_number
),
ended as (
    select problem_id, cycle_number, closed_on as verdict_on, true as is_closed
    from collection.closed
    union all
    select problem_id, cycle_number - 1 as cycle_number, reopened_on as verdict_on,
        false as is_closed
    from collection.reopened
),
verdicts as (
    select problem_id, cycle_number, max(verdict_on) as verdict_on,
        bool_and(is_closed) as is_closed
    from ended
    group by problem_id, cycle_number
),
joined as (
    select
        cycles.problem_id,
        cycles.cycle_number,
        problems.domain,
        cycles.raised_on,
        decided.decided_on,
        begun.live_on,
        verdicts.verdict_on,
        case
            when verdicts.is_closed then 'closed'
            when verdicts.verdict_on is not null then 'watching'
            when begun.live_on is not null then 'live'
            when decided.decided_on is not null then 'decided'
            else 'open'
        end as state
    from analysis.cycles as cycles
    inner join analysis.problems as problems on problems.problem_id = cycles.problem_id
    left join decided on decided.problem_id = cycles.problem_id
        and decided.cycle_number = cycles.cycle_number
    left join begun on begun.problem_id = cycles.problem_id
        and begun.cycle_number = cycles.cycle_number
    left join verdicts on verdicts.problem_id = cycles.problem_id
        and verdicts.cycle_number = cycles.cycle_number
)
select
    problem_id,
    cycle_number,
    domain,
    state,
    raised_on,
    decided_on,
    live_on,
    verdict_on,
    date_diff('day', raised_on, decided_on) as signal_to_decision_days,
    date_diff('day', decided_on, live_on) as decision_to_live_days,
    date_diff('day', live_on, verdict_on) as live_to_verdict_days,
    case state
        when 'open' then 'a decision'
        when 'decided' then 'the change to begin'
        when 'live' then 'a verdict'
        when 'watching' then 'the next cycle'
        else 'nothing'
    end as waiting_for
from joined
order by problem_id, cycle_number
