-- views.open_problems: What is open, most urgent first, with who must answer and by when.
-- Grain: one row per open problem
-- rank BIGINT: place in the list; 1 is what to look at first
-- problem_id VARCHAR: name of the problem in the data, the same from night to night
-- what_seems_wrong VARCHAR: the problem in a sentence
-- topic_title VARCHAR: what it is about
-- unit_name VARCHAR: where it is
-- domain VARCHAR: clinical, operational or staff_wellbeing
-- nature_of_change VARCHAR: fix, improve or change
-- group_title VARCHAR: the group that may decide
-- respond_by_on DATE: day by which it must answer; null where it was not asked yet
-- is_overdue BOOLEAN: whether that day has passed
-- harm_per_month DOUBLE: expected avoidable harm a month, two digits
-- real_prop DOUBLE: chance that it is real
-- waiting_for VARCHAR: what it waits for
select
    triage.rank,
    triage.problem_id,
    triage.what_seems_wrong,
    triage.topic_title,
    triage.unit_name,
    triage.domain,
    triage.nature_of_change,
    triage.group_title,
    proposals.respond_by_on,
    coalesce(proposals.is_overdue, false) as is_overdue,
    triage.harm_per_month,
    triage.real_prop,
    tempo.waiting_for
from analysis.triage as triage
left join decision.proposals as proposals using (problem_id, cycle_number)
left join implementation.tempo as tempo using (problem_id, cycle_number)
order by triage.rank
