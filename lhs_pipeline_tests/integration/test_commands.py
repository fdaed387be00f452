"""The commands on a site of one's own: an empty one runs, a wrong word is explained."""

from pathlib import Path

import pytest

from lhs_pipeline.cli import main


@pytest.fixture
def own_site(tmp_path: Path, fresh_shell: None) -> Path:
    folder = tmp_path / "site"
    assert main(["new-site", "Own Trust", "--site", str(folder)]) == 0
    return folder


Printed = pytest.CaptureFixture[str]


def test_a_new_site_holds_together(own_site: Path, capsys: Printed) -> None:
    assert main(["check", "--site", str(own_site)]) == 0
    assert "Own Trust: " in capsys.readouterr().out
    assert main(["new-site", "Again", "--site", str(own_site)]) == 1


def test_an_empty_site_runs_its_first_night_well(own_site: Path, capsys: Printed) -> None:
    assert main(["night", "--site", str(own_site)]) == 0, capsys.readouterr().out
    assert (own_site / "published" / "board" / "index.html").is_file()
    assert main(["trail", "--site", str(own_site), "falls@ward_01"]) == 1


def test_the_demo_does_not_overwrite_a_site(own_site: Path, capsys: Printed) -> None:
    assert main(["demo", "--site", str(own_site)]) == 1
    assert "a site of your own" in capsys.readouterr().err
    assert (own_site / "site.toml").read_text().startswith('name = "Own Trust"')


def test_a_broken_catalogue_is_explained(own_site: Path, capsys: Printed) -> None:
    (own_site / "catalogue" / "topics" / "falls.toml").unlink()
    assert main(["check", "--site", str(own_site)]) == 1
    assert "topic: 'falls' is not declared; declared: [" in capsys.readouterr().err


def test_a_name_with_quotes_is_a_name(tmp_path: Path, capsys: Printed) -> None:
    folder = tmp_path / "quoted"
    main(["new-site", 'The "Great" \\ Trust', "--site", str(folder)])
    assert main(["check", "--site", str(folder)]) == 0
    assert 'The "Great" \\ Trust: ' in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["audit"],
            "'audit' is no register. There are: acceptability, actions, appraisals, audits",
        ),
        (["actions", "action"], "'action' is not understood: write column=value"),
        (["actions", "colour=red"], "'colour=red' is not understood"),
    ],
)
def test_a_record_that_is_not_understood_is_explained(
    own_site: Path, capsys: Printed, arguments: list[str], said: str
) -> None:
    assert main(["record", "--site", str(own_site), *arguments]) == 1
    assert said in capsys.readouterr().err


DECISION = (
    "decision_id=D1", "problem_id=falls@ward_01", "cycle_number=1", "decided_on=2026-06-01",
    "group_id=ward_huddle", "outcome=decline", "nature_of_change=fix", "chair_role=matron",
    "proposer_role=nurse", "attending_professions=nursing;medical", "rationale=none", "spend_gbp=0",
)  # fmt: skip


def test_a_record_is_written_once_and_only_if_it_keeps_the_contract(
    own_site: Path, capsys: Printed
) -> None:
    command = ["record", "--site", str(own_site), "decisions"]
    file = own_site / "registers" / "decisions.csv"
    assert main([*command, *DECISION, "outcome=perhaps"]) == 1
    assert "outcome: not an allowed value; expected one of implement_now" in capsys.readouterr().err
    assert not file.exists()
    assert main([*command, *DECISION]) == 0
    assert main([*command, *DECISION]) == 1
    assert "decision_id=D1 stands in the register already" in capsys.readouterr().err
    assert len(file.read_text().splitlines()) == 2


def test_a_record_that_refers_to_another_is_possible_before_the_first_night(
    own_site: Path, capsys: Printed
) -> None:
    given = ["action_id=A1", "decision_id=D1", "description=d", "strength=weaker",
             "owner_role=matron", "planned_live_on=2026-07-01"]  # fmt: skip
    assert main(["record", "--site", str(own_site), "actions", *given]) == 1
    assert "decision_id: not known" in capsys.readouterr().err
