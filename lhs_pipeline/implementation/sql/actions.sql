-- implementation.actions: What is being done on each decision, and how far it has spread.
-- Grain: one row per action; an action is a change that will be evaluated
-- change_id VARCHAR: change, the key of its action
-- decision_id VARCHAR: decision behind it; where that one was void and ratified, the ratification
-- problem_id VARCHAR: problem
-- cycle_number BIGINT: cycle of the problem
-- description VARCHAR: what is done
-- strength VARCHAR: stronger, intermediate or weaker (VA/RCA²)
-- stops_practice VARCHAR: practice that must stop where it begins; null for none
-- owner_role VARCHAR: role that owns it
-- planned_live_on DATE: planned go-live
-- first_live_on DATE: first unit that really began
-- last_live_on DATE: last unit that really began
-- units_planned_count BIGINT: units where it should be
-- units_live_count BIGINT: units where it has begun
-- units_stopped_count BIGINT: units where the practice that must stop has stopped
-- adopted_prop DOUBLE: share of those units
-- state VARCHAR: planned, partly_live, live, or blocked where no decision that counts starts it
-- measure_indicator_id VARCHAR: indicator that it will be judged by
-- expected_relative_change_prop DOUBLE: change that would matter
-- look_weeks VARCHAR: weeks after go-live at which it is looked at
-- balancing_indicator_id VARCHAR: indicator that must not get worse
-- source_file VARCHAR: register file
-- source_row BIGINT: row in it
with actions as (
    -- A site's contract may not ask yet which practice must stop.
    select * from collection.actions
    union all by name
    select cast(null as varchar) as stops_practice where false
),
spread as (
    select
        change_id,
        min(went_live_on) as first_live_on,
        max(went_live_on) as last_live_on,
        count(*) as units_planned_count,
        count(went_live_on) as units_live_count,
        count(old_practice_stopped_on) as units_stopped_count
    from implementation.adoption
    group by change_id
)
select
    actions.action_id as change_id,
    decisions.decision_id,
    decisions.problem_id,
    decisions.cycle_number,
    actions.description,
    actions.strength,
    actions.stops_practice,
    actions.owner_role,
    actions.planned_live_on,
    spread.first_live_on,
    spread.last_live_on,
    coalesce(spread.units_planned_count, 0) as units_planned_count,
    coalesce(spread.units_live_count, 0) as units_live_count,
    coalesce(spread.units_stopped_count, 0) as units_stopped_count,
    case when spread.units_planned_count > 0
        then spread.units_live_count / cast(spread.units_planned_count as double)
    end as adopted_prop,
    case
        when not decisions.is_valid then 'blocked'
        when decisions.outcome not in ('implement_now', 'testing_cycle', 'task_and_finish')
            then 'blocked'
        when coalesce(spread.units_live_count, 0) = 0 then 'planned'
        when spread.units_live_count < spread.units_planned_count then 'partly_live'
        else 'live'
    end as state,
    decisions.measure_indicator_id,
    decisions.expected_relative_change_prop,
    decisions.look_weeks,
    decisions.balancing_indicator_id,
    actions.source_file,
    actions.source_row
from actions
inner join decision.decisions as named on named.decision_id = actions.decision_id
inner join decision.decisions as decisions
    on decisions.decision_id = case
        when not named.is_valid and named.followed_by_decision_id is not null
            then named.followed_by_decision_id
        else named.decision_id
    end
left join spread on spread.change_id = actions.action_id
order by actions.action_id
