-- views.changes: Every change, where it is in place, and what its latest look found.
-- Grain: one row per change
-- change_id VARCHAR: name of the change in the data
-- problem_id VARCHAR: problem that it is meant to put right
-- description VARCHAR: what was changed
-- state VARCHAR: how far it has come
-- first_live_on DATE: day on which it was first in place
-- units_live_count BIGINT: units where it is in place
-- units_planned_count BIGINT: units where it should be
-- look_on DATE: day of the latest look; null before the first
-- relative_change_prop DOUBLE: level seen against the level expected without it, less one
-- change_lower_prop DOUBLE: lower end of its range
-- change_upper_prop DOUBLE: upper end
-- reliable VARCHAR: whether it is done as agreed: yes, no or not_known_yet
-- effective VARCHAR: whether the figures moved
-- acceptable VARCHAR: whether patients, staff and system find it acceptable
-- verdict VARCHAR: what follows from the three
-- words VARCHAR: the same in a paragraph
select
    actions.change_id,
    actions.problem_id,
    actions.description,
    actions.state,
    actions.first_live_on,
    actions.units_live_count,
    actions.units_planned_count,
    looks.look_on,
    looks.relative_change_prop,
    looks.change_lower_prop,
    looks.change_upper_prop,
    looks.reliable,
    looks.effective,
    looks.acceptable,
    looks.verdict,
    looks.words
from implementation.actions as actions
left join (
    select *
    from closure.evaluations
    qualify row_number() over (partition by change_id order by look_on desc, look_number desc) = 1
) as looks using (change_id)
order by actions.change_id
