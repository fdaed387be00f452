-- implementation.adoption: Where each change has really begun, unit by unit.
-- Grain: one row per change and unit
-- change_id VARCHAR: change, the key of its action
-- unit_id VARCHAR: unit where it should be
-- planned_on DATE: planned day, of the unit or else of the action
-- went_live_on DATE: day on which it really began; null until then
-- is_live BOOLEAN: whether it has begun
-- days_late BIGINT: days from the plan to the real beginning
-- old_practice_stopped_on DATE: day on which the practice that must stop stopped there
-- source_file VARCHAR: register file
-- source_row BIGINT: row in it
with go_lives as (
    -- A site's contract may not ask yet when the old practice stopped.
    select * from collection.go_lives
    union all by name
    select cast(null as date) as old_practice_stopped_on where false
)
select
    go_lives.action_id as change_id,
    go_lives.unit_id,
    coalesce(go_lives.planned_on, actions.planned_live_on) as planned_on,
    go_lives.went_live_on,
    go_lives.went_live_on is not null as is_live,
    date_diff('day', coalesce(go_lives.planned_on, actions.planned_live_on), go_lives.went_live_on)
        as days_late,
    go_lives.old_practice_stopped_on,
    go_lives.source_file,
    go_lives.source_row
from go_lives
inner join collection.actions as actions on actions.action_id = go_lives.action_id
order by change_id, go_lives.unit_id
