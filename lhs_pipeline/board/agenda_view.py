"""What waits for each group: questions with their evaluation plan, the latest answer first due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from lhs_pipeline.board.agenda_brief import Brief, show_brief
from lhs_pipeline.board.change_view import Evaluation
from lhs_pipeline.board.links import name_group_page
from lhs_pipeline.board.rows import Row, day_of, flag_of, list_of, number_of, text_of
from lhs_pipeline.board.scene import NO_DAY, Due, Link, Scene
from lhs_pipeline.board.triage_view import OpenProblem
from lhs_pipeline.board.words import as_sentence, tell_change, tell_day, word_for


@dataclass(frozen=True)
class Proposal:
    """One question that waits for a group's answer."""

    problem: Link
    question: str
    options: list[str]
    due: Due
    meets: str
    meets_key: str
    measure: str
    aim: str
    is_overdue: bool
    acceptability_plan: str
    balancing: str
    looks: str
    brief: Brief


@dataclass(frozen=True)
class Late:
    """A question whose answer is overdue in the group below."""

    problem: Link
    group: Link
    due: Due


@dataclass(frozen=True)
class Queue:
    """What waits for one group."""

    group: Link
    proposals: list[Proposal]

    @property
    def overdue_count(self) -> int:
        """How many of them are late."""
        return sum(each.is_overdue for each in self.proposals)


@dataclass(frozen=True)
class Remade:
    """A decision that does not count, and has to be made again."""

    problem: Link
    on: str
    reasons: list[str]


@dataclass(frozen=True)
class Agenda:
    """What one group has before it: questions, decisions to make again, changes to hear of."""

    group: Link
    page: str
    meets: str
    meets_key: str
    queue: Queue
    remade: list[Remade]
    late_below: list[Late]
    changes: list[Evaluation]
    open_problems: list[OpenProblem]


def list_agendas(
    scene: Scene, open_problems: list[OpenProblem], changes: list[Evaluation]
) -> list[Agenda]:
    """The agenda of every group that is asked, has decided or is declared; late ones first."""
    waiting = {queue.group.href: queue for queue in list_queues(scene)}
    agendas = [
        _agenda(scene, group_id, waiting, (open_problems, changes))
        for group_id in find_groups(scene)
    ]
    return sorted(agendas, key=_urgency)


def _urgency(agenda: Agenda) -> tuple[int, str, str]:
    first = min((each.due.sort_key for each in agenda.queue.proposals), default=NO_DAY)
    return -agenda.queue.overdue_count, first, agenda.group.title


def find_groups(scene: Scene) -> list[str]:
    """The ids of all groups that any table names."""
    named = {
        text_of(row, "group_id")
        for table in ("authorities", "triage", "proposals", "decisions")
        for row in scene.tables.rows_where(table)
    }
    return sorted(named - {""})


def _agenda(
    scene: Scene,
    group_id: str,
    waiting: dict[str, Queue],
    everything: tuple[list[OpenProblem], list[Evaluation]],
) -> Agenda:
    group = scene.link_group(group_id)
    open_problems, changes = everything
    queue = waiting.get(group.href, Queue(group, []))
    meetings = [each.meets_key for each in queue.proposals if each.meets_key]
    return Agenda(
        group=group,
        page=name_group_page(group_id),
        meets=tell_day(date.fromisoformat(min(meetings))) if meetings else "",
        meets_key=min(meetings, default=NO_DAY),
        queue=queue,
        remade=_list_remade(scene, group_id),
        late_below=_list_late_below(scene, group_id),
        changes=[each for each in changes if each.group_id == group_id],
        open_problems=[each for each in open_problems if each.group.href == group.href],
    )


def _list_remade(scene: Scene, group_id: str) -> list[Remade]:
    """The group's void decisions whose problem has no valid one in the same cycle."""
    valid = {
        (row["problem_id"], row["cycle_number"])
        for row in scene.tables.rows_where("decisions")
        if flag_of(row, "is_valid")
    }
    return [
        Remade(
            problem=scene.link(text_of(row, "problem_id")),
            on=tell_day(day_of(row, "decided_on")),
            reasons=[as_sentence(reason) for reason in list_of(row, "void_reasons")],
        )
        for row in scene.tables.rows_where("decisions", group_id=group_id)
        if flag_of(row, "is_valid") is False
        and (row["problem_id"], row["cycle_number"]) not in valid
    ]


def _list_late_below(scene: Scene, group_id: str) -> list[Late]:
    """Questions of groups that escalate to this one, whose answer is overdue."""
    return [
        Late(
            problem=scene.link(text_of(row, "problem_id")),
            group=scene.link_group(text_of(row, "group_id"), text_of(row, "group_title")),
            due=scene.due(day_of(row, "respond_by_on")),
        )
        for row in scene.tables.rows_where("proposals", told_to_group_id=group_id)
    ]


def list_queues(scene: Scene) -> list[Queue]:
    """The questions that wait, by group; the group with the earliest due day first."""
    by_group: dict[tuple[str, str], list[Proposal]] = {}
    for row in scene.tables.rows_where("proposals"):
        group = text_of(row, "group_id"), text_of(row, "group_title")
        by_group.setdefault(group, []).append(show_proposal(scene, row))
    queues = [
        Queue(scene.link_group(*group), sorted(waiting, key=_urgency_of))
        for group, waiting in by_group.items()
    ]
    return sorted(queues, key=lambda queue: (_first_due(queue), queue.group.title))


def _urgency_of(proposal: Proposal) -> tuple[bool, int]:
    """What is late first, then as ranked."""
    return not proposal.is_overdue, proposal.brief.rank


def _first_due(queue: Queue) -> str:
    return min(each.due.sort_key for each in queue.proposals)


def _tell_meeting(scene: Scene, meets: date | None, due: date | None) -> str:
    """The next meeting, and that it comes too late where the answer is due before."""
    is_late = meets is not None and due is not None and scene.as_of <= due < meets
    return tell_day(meets) + (", after the answer is due: ask the chair before" if is_late else "")


def show_proposal(scene: Scene, row: Row) -> Proposal:
    """One proposal as people read it."""
    due, meets = scene.due(day_of(row, "respond_by_on")), day_of(row, "meets_on")
    is_overdue = flag_of(row, "is_overdue")
    measure_id = text_of(row, "measure_indicator_id")
    balancing_id = text_of(row, "balancing_indicator_id")
    weeks = list_of(row, "look_weeks")
    return Proposal(
        problem=scene.link(text_of(row, "problem_id")),
        question=as_sentence(text_of(row, "question")),
        options=[word_for("option", each.replace(" ", "_")) for each in list_of(row, "options")],
        due=due,
        meets=_tell_meeting(scene, meets, day_of(row, "respond_by_on")),
        meets_key=meets.isoformat() if meets else "",
        measure=scene.names.measure(measure_id).name if measure_id else "",
        aim=tell_change(number_of(row, "expected_relative_change_prop")),
        is_overdue=due.is_overdue if is_overdue is None else is_overdue,
        acceptability_plan=as_sentence(text_of(row, "acceptability_plan")),
        balancing=scene.names.measure(balancing_id).name if balancing_id else "",
        looks=f"weeks {', '.join(weeks)}" if weeks else "",
        brief=show_brief(scene, row),
    )
