-- views.charts: Every point of every chart with its lines and its flag, ready to be drawn.
-- Grain: one row per indicator, unit and period
-- indicator_id VARCHAR: indicator of the catalogue
-- unit_id VARCHAR: unit, or trust for the whole organisation
-- period_start DATE: first day of the period
-- numerator DOUBLE: events; null where withheld, see is_suppressed
-- denominator DOUBLE: base of the events
-- value DOUBLE: level in the indicator's unit; null where withheld or missing
-- is_suppressed BOOLEAN: withheld, which is neither zero nor missing
-- drawn_value DOUBLE: where a chart draws a withheld point
-- is_complete BOOLEAN: whether the whole period has been delivered
-- centre DOUBLE: average that the point is judged against
-- lower_limit DOUBLE: lower limit of ordinary variation
-- upper_limit DOUBLE: upper limit
-- meaning VARCHAR: concern, improvement or neither where the point is flagged; else null
select
    series.indicator_id,
    series.unit_id,
    series.period_start,
    series.numerator,
    series.denominator,
    series.value,
    series.is_suppressed,
    series.drawn_value,
    series.is_complete,
    coalesce(points.centre, limits.centre) as centre,
    coalesce(points.lower_limit, limits.lower_limit) as lower_limit,
    coalesce(points.upper_limit, limits.upper_limit) as upper_limit,
    flagged.meaning
from analysis.indicator_series as series
left join analysis.limits as limits using (indicator_id, unit_id)
left join analysis.point_limits as points using (indicator_id, unit_id, period_start)
left join (
    select indicator_id, unit_id, period_start, min(meaning) as meaning
    from analysis.signals
    where mark_down is null
    group by all
) as flagged using (indicator_id, unit_id, period_start)
order by series.indicator_id, series.unit_id, series.period_start
