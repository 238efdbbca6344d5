"""The configuration is one, whole and typed: errors name the key, the file and the mend."""

import copy
import functools
import json
import shutil
from pathlib import Path

import pytest
import yaml

from immrecon.config import specs
from immrecon.config.contrast_specs import contrast_spec
from immrecon.config.load import load_study
from immrecon.config.queries import queries_spec
from immrecon.errors import ConfigError, SourceError
from immrecon.layout import control_files

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(REPOSITORY / "config", tmp_path / "config")
    return tmp_path / "config"


def edit(path: Path, change) -> None:
    content = yaml.safe_load(path.read_text())
    change(content)
    path.write_text(yaml.safe_dump(content, sort_keys=False))


def test_demo_is_read_whole(folder):
    study = load_study(folder / "config.yaml")
    assert study.file.study == "demo"
    assert sorted(study.labs) == ["central", "paris", "utrecht"]
    assert study.results_folder == folder.parent / "results" / "demo" / "2026-09-30"
    assert study.data_folder == folder.parent / "data" / "demo" / "2026-09-30"


def test_another_cut_can_be_named_on_the_command_line(folder):
    study = load_study(folder / "config.yaml", "2026-03-31")
    assert study.cut.cutoff_date.isoformat() == "2026-03-31"
    assert study.results_folder.name == "2026-03-31"


def test_undeclared_cut(folder):
    with pytest.raises(
        ConfigError, match=r'"2027-01-01" is not declared under "cuts". Declared: 2026-03-31, 2026-09-30'
    ):
        load_study(folder / "config.yaml", "2027-01-01")


def test_unknown_key_with_suggestion(folder):
    edit(folder / "config.yaml", lambda c: c["methods"].update(conf_levle=0.9))
    with pytest.raises(ConfigError, match=r'unknown key "methods.conf_levle". Did you mean "conf_level"\?'):
        load_study(folder / "config.yaml")


def test_unknown_key_in_another_file_names_that_file(folder):
    edit(folder / "endpoints.yaml", lambda c: c["endpoints"]["OS"].update(estimater="kaplan-meier"))
    with pytest.raises(ConfigError, match=r'endpoints.yaml: unknown key "endpoints.OS.estimater".*"estimator"'):
        load_study(folder / "config.yaml")


def every_key(content: object, path: tuple = ()) -> list[tuple]:
    if not isinstance(content, dict):
        return []
    return [p for key, value in content.items() for p in [(*path, key), *every_key(value, (*path, key))]]


def test_a_missing_key_is_an_error_and_never_inherited(folder):
    """Each key of config.yaml in turn; the entries of `cuts` and `worst_ranks` are names, which may be left out."""
    original = yaml.safe_load((folder / "config.yaml").read_text())
    names = ("cuts", "worst_ranks")
    keys = [path for path in every_key(original) if not (len(path) > 1 and path[-2] in names)]
    assert len(keys) > 50
    for path in keys:
        content = copy.deepcopy(original)
        holder = functools.reduce(lambda inner, part: inner[part], path[:-1], content)
        del holder[path[-1]]
        (folder / "config.yaml").write_text(json.dumps(content, default=str))  # JSON is YAML, and quick to write
        with pytest.raises(ConfigError, match=r"is missing. Every key must be given"):
            load_study(folder / "config.yaml")


def test_key_given_twice(folder):
    with (folder / "config.yaml").open("a") as stream:
        stream.write("\nstudy: other\n")
    with pytest.raises(ConfigError, match='the key "study" is given twice'):
        load_study(folder / "config.yaml")


@pytest.mark.parametrize("text", ["a: [", "- 1\n- 2\n", "!!python/object/apply:os.system ['true']", ""])
def test_not_a_yaml_mapping(folder, text):
    (folder / "config.yaml").write_text(text)
    with pytest.raises(ConfigError, match=r"config.yaml: (not valid YAML|expected a mapping)"):
        load_study(folder / "config.yaml")


@pytest.mark.parametrize("text", ["? [a, b]\n: 1\n", "a: " + "[" * 5000 + "]" * 5000], ids=["list as key", "deep"])
def test_yaml_that_python_cannot_hold(folder, text):
    (folder / "config.yaml").write_text(text)
    with pytest.raises(ConfigError, match=r"config.yaml: not"):
        load_study(folder / "config.yaml")


def test_a_huge_value_is_not_printed_whole(folder):
    """Aliases of aliases: small in memory, endless on paper."""
    bomb = 'a0: &a0 ["x"]\n' + "".join(f"a{i + 1}: &a{i + 1} [{', '.join([f'*a{i}'] * 10)}]\n" for i in range(9))
    text = (folder / "config.yaml").read_text().replace("\nparts: 1 ", "\nparts: *a9 ")
    (folder / "config.yaml").write_text(bomb + text)
    with pytest.raises(ConfigError) as error:
        load_study(folder / "config.yaml")
    assert len(str(error.value)) < 5000


@pytest.mark.parametrize(
    ("parts", "chunks", "fits"), [(1, 1, True), (3, 1, True), (3, 3, True), (3, 2, False), (1, 2, False)]
)
def test_chunks_are_one_or_as_many_as_parts(folder, parts, chunks, fits):
    edit(folder / "config.yaml", lambda c: c.update(parts=parts, chunks=chunks))
    if fits:
        assert load_study(folder / "config.yaml").file.chunks == chunks
        return
    with pytest.raises(ConfigError, match=f"chunks is {chunks}: expected 1, or one for each of the {parts} parts"):
        load_study(folder / "config.yaml")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"analytes": ["CD5"], "participant_pages": []}, 'trajectory.analytes uses the analyte "CD5"'),
        ({"participant_pages": ["NK"]}, "participant_pages: NK is not one of the analytes"),
        ({"samples_end_at": ["relaps"]}, 'trajectory.samples_end_at names "relaps", which is none of'),
        ({"events_shown": ["EVENT"]}, 'trajectory.events_shown names "EVENT", which is none of'),
        ({"reference_group": "adults"}, 'trajectory.reference_group names "adults", which is none of adult, paediatric'),
        ({"knots_day": [90, 30]}, "knots_day must ascend strictly between the two of boundary_day"),
        ({"knots_day": [14]}, "knots_day must ascend strictly"),
        ({"boundary_day": [5, 365]}, "boundary_day must lie within first_day and last_day"),
        ({"days": [30, 400]}, "days: .400.0. lie outside"),
        ({"imputed_shares_of_limit": [0]}, "shares above 0, up to 1"),
        ({"imputed_values": [0]}, "values above 0"),
        ({"slope": True}, "slope"),
    ],
)  # fmt: skip
def test_trajectories_name_what_there_is(folder, change, message):
    edit(folder / "config.yaml", lambda c: c["trajectory"].update(change))
    with pytest.raises(ConfigError, match=message):
        load_study(folder / "config.yaml")


def test_trajectories_may_be_left_out(folder):
    edit(folder / "config.yaml", lambda c: c.update(trajectory=None))
    assert load_study(folder / "config.yaml").file.trajectory is None


def test_missing_file(folder):
    (folder / "endpoints.yaml").unlink()
    with pytest.raises(ConfigError, match=r"endpoints.yaml: no such configuration file"):
        load_study(folder / "config.yaml")


@pytest.mark.parametrize("name", ["../elsewhere", "Demo", "a/b", "", ".hidden"])
def test_names_that_become_paths_are_slugs(folder, name):
    edit(folder / "config.yaml", lambda c: c.update(study=name))
    with pytest.raises(ConfigError, match='"study"'):
        load_study(folder / "config.yaml")


def test_overlapping_visits(folder):
    edit(folder / "config.yaml", lambda c: c["visits"]["windows"][0].update(last_day=25))
    with pytest.raises(ConfigError, match="visits D14 and D28 overlap"):
        load_study(folder / "config.yaml")


def test_kaplan_meier_does_not_censor_competing_events(folder):
    def change(content):
        content["endpoints"]["RFS"]["events"] = ["relapse"]

    edit(folder / "endpoints.yaml", change)
    with pytest.raises(ConfigError, match="Kaplan-Meier would censor"):
        load_study(folder / "config.yaml")


def test_names_must_be_declared(folder):
    edit(folder / "endpoints.yaml", lambda c: c["first_events"]["death"].update(causes=["deth"]))
    with pytest.raises(ConfigError, match="deth is not declared"):
        load_study(folder / "config.yaml")


def test_analytes_used_by_rules_must_be_declared(folder):
    edit(folder / "endpoints.yaml", lambda c: c["occurrences"]["cd4_reconstitution"].update(analyte="CD5"))
    with pytest.raises(ConfigError, match='uses the analyte "CD5"'):
        load_study(folder / "config.yaml")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c["occurrences"]["death"].update(terms=["DEAHT"]), 'names "DEAHT".*Did you mean "DEATH"'),
        (lambda c: c["occurrences"]["acute_gvhd_grade_3_4"].update(category="GVHD_ACUTE"), 'names "GVHD_ACUTE"'),
        (lambda c: c["first_events"]["death"].update(follow_up=[{"domain": "FA", "code": "SURVIVL"}]), '"SURVIVAL"'),
        (lambda c: c["occurrences"]["donor_lymphocyte_infusion"].update(categories=["DLIS"]), '"DLI"'),
    ],
)
def test_a_code_that_no_extract_can_give_is_refused(folder, change, message):
    """It would make an endpoint silently empty."""
    edit(folder / "endpoints.yaml", change)
    with pytest.raises(ConfigError, match=message):
        load_study(folder / "config.yaml")


def test_errors_across_keys_are_one_sentence(folder):
    edit(folder / "endpoints.yaml", lambda c: c["endpoints"]["OS"].update(events=["deth"]))
    with pytest.raises(ConfigError) as error:
        load_study(folder / "config.yaml")
    assert len(str(error.value)) < 300
    assert str(error.value).endswith("endpoints.OS.events: deth is not declared.")


CUT = "2026-09-30"


def again(key: str, **changes):
    """The first entry of a list comes a second time, with changes."""

    def change(content):
        entries = content
        for part in key.split("."):
            entries = entries[part]
        entries.append(entries[0] | changes)

    return change


def first(key: str, **changes):
    return lambda content: content[key][0].update(changes)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda c: c["cuts"][CUT].update(cutoff_date="2026-10-13"), '"cuts.2026-09-30": cutoff_date 2026-10-13.*swapped'),
        (first("groups", code="all"), '"groups.0.code": the code "all".*expected any other.*Hint'),
        (first("dose_levels", code="all"), '"dose_levels.0.code": the code "all"'),
        (again("groups"), 'groups: the code "adult" is given twice; expected each code once. Hint'),
        (again("groups", code="Adult"), 'groups: the codes "adult" and "Adult" differ only in case.*Hint'),
        (again("dose_levels"), 'dose_levels: the code "DL1" is given twice'),
        (again("dose_levels", code="dl1"), '"DL1" and "dl1" differ only in case'),
        (again("analytes"), 'analytes: the code "CD3" is given twice'),
        (again("analytes", code="cd3"), '"CD3" and "cd3" differ only in case'),
        (again("visits.windows", target_day=900, first_day=900, last_day=901), 'the code "D14" is given twice'),
        (again("visits.windows", code="d14", target_day=9, first_day=9, last_day=9), '"D14" and "d14" differ only'),
        (again("thresholds"), 'thresholds: the code "CD3 > 100" is given twice'),
        (again("thresholds", value_per_ul=100.0), '"CD3 > 100" is given twice'),
        (again("baseline"), 'baseline: the code "AGE" is given twice'),
        (again("baseline", code="Age"), '"AGE" and "Age" differ only in case'),
        (first("accrual_plan", month="2024-09-02"), '"accrual_plan.0": month 2024-09-02.*expected 2024-09-01'),
        (again("accrual_plan"), "accrual_plan: the code \"2024-09-01\" is given twice"),
        (lambda c: c.update(title="two\nlines"), '"title": .two.nlines. holds the control character U\\+000A.*Hint'),
        (lambda c: c.update(session="CLOSED\x07"), '"session": .*U\\+0007'),
        (first("groups", label="Adults\t"), '"groups.0.label": .*U\\+0009'),
        (first("analytes", label="CD3\u2028"), '"analytes.0.label": .*U\\+2028'),
        (first("dose_levels", label="\x9b31m"), '"dose_levels.0.label": .*U\\+009B'),
        (lambda c: c["visits"]["windows"][0].update(label="\x00"), '"visits.windows.0.label": .*U\\+0000'),
    ],
)  # fmt: skip
def test_a_study_that_contradicts_itself(folder, change, said):
    edit(folder / "config.yaml", change)
    with pytest.raises(ConfigError, match=rf"config\.yaml: .*{said}"):
        load_study(folder / "config.yaml")


def test_a_cut_may_be_extracted_on_the_day_of_its_cutoff(folder):
    edit(folder / "config.yaml", lambda c: c["cuts"][CUT].update(extract_date=CUT))
    assert load_study(folder / "config.yaml").cut.extract_date.isoformat() == CUT


def _limits(**values):
    def change(content):
        content["protocol_versions"][0]["groups"][0].update(values)

    return change


def _unmap(variable):
    def change(content):
        for extract in content["extracts"]:
            extract.get("columns", {}).pop(variable, None)

    return change


@pytest.mark.parametrize(
    ("file", "change", "said"),
    [
        ("config", _limits(group="adlut"), 'version "1" names the group "adlut". Declared groups: adult, paediatric'),
        ("config", _limits(diagnoses={"test": "DIAGN", "values": ["AML"]}), 'names the test "DIAGN", which no extract'),
        ("config", _limits(group="paediatric"), "protocol version 1: the group paediatric is given twice"),
        ("clinical", _unmap("PROTVER"), "protocol_versions needs PROTVER, which no extract of DM gives"),
        ("clinical", _unmap("AGE"), 'version "1" needs AGE'),
        ("clinical", _unmap("FAENTDT"), r"entered_late .FA. needs FAENTDT"),
        ("clinical", _unmap("CEENDTC"), r"ongoing_at_cutoff .CE. needs CEENDTC"),
        (
            "config",
            lambda content: content["ongoing_at_cutoff"][1]["codes"].append("INFECTOIN"),
            r'ongoing_at_cutoff .CE. names "INFECTOIN".*Did you mean "INFECTION"',
        ),
        (
            "config",
            lambda content: content.update(sae_reconciliation=None),
            "an extract is of SAE, but sae_reconciliation",
        ),
        ("clinical", _unmap("AESER"), "sae_reconciliation needs AESER"),
        ("clinical", lambda content: content["extracts"].pop(), "sae_reconciliation needs SAEDECOD"),
        ("config", again("entered_late"), 'entered_late: the code "AE" is given twice'),
    ],
)
def test_checks_of_clinical_records_that_could_not_apply_are_refused(folder, file, change, said):
    edit(folder / f"{file}.yaml", change)
    with pytest.raises(ConfigError, match=said):
        load_study(folder / "config.yaml")


def test_a_group_of_leukaemias_is_not_everybody(folder):
    def change(content):
        content["groups"][0]["code"] = "ALL"
        content["protocol_versions"] = []
        content["sources"].update(comparisons=None, external=None)
        content["trajectory"]["reference_group"] = None
        content["kinetics"] = None

    edit(folder / "config.yaml", change)
    assert load_study(folder / "config.yaml").file.groups[0].code == "ALL"


@pytest.mark.parametrize("key", ["occurrences", "first_events", "endpoints"])
def test_names_of_endpoints_differ_in_more_than_case(folder, key):
    def change(content):
        name = next(iter(content[key]))
        content[key][name.swapcase()] = content[key][name]

    edit(folder / "endpoints.yaml", change)
    with pytest.raises(ConfigError, match=rf"endpoints.yaml: {key}: the codes .* differ only in case"):
        load_study(folder / "config.yaml")


@pytest.mark.parametrize(
    ("cut", "other", "said"),
    [
        (
            "2026-09-30",
            "2025-09-30",
            'compared with "2025-09-30", which is not one of the cuts: 2026-03-31, 2026-09-30',
        ),
        ("2026-09-30", "2026-09-30", "the cut 2026-09-30 is compared with 2026-09-30, which is not an earlier one"),
        ("2026-03-31", "2026-09-30", "the cut 2026-03-31 is compared with 2026-09-30, which is not an earlier one"),
    ],
)
def test_a_cut_is_compared_with_an_earlier_one(folder, cut, other, said):
    edit(folder / "config.yaml", lambda c: c["cuts"][cut].update(compared_with={"cut": other, "queries": "ids.csv"}))
    with pytest.raises(ConfigError, match=said):
        load_study(folder / "config.yaml")


def test_the_comparison_is_never_left_out(folder):
    edit(folder / "config.yaml", lambda c: c["cuts"]["2026-09-30"].pop("compared_with"))
    with pytest.raises(ConfigError, match=r'the key "cuts.2026-09-30.compared_with" is missing'):
        load_study(folder / "config.yaml")


def test_columns_that_may_name_a_person(folder):
    spec = queries_spec(load_study(folder / "config.yaml"))
    private = {(item.source, item.column) for item in spec.private_columns}
    assert {("central", "SUBJECT"), ("paris", "N° patient"), ("clinical/screening.csv", "birth_date")} <= private
    assert spec.compared_with == "2026-03-31"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c["comparisons"]["GROUP"].update(reference="adlut"), r"GROUP.levels: adlut is not declared"),
        (lambda c: c["comparisons"]["GROUP"].update(factor="SEXX"), r"GROUP.factor: SEXX is not declared"),
        (lambda c: c["comparisons"]["GROUP"].update(factor="SEX"), r"name the values of SEX that are compared"),
        (lambda c: c["comparisons"]["CMV"].update(factor="AGE"), r"CMV.kind: AGE is numeric"),
        (lambda c: c["comparisons"]["DOSE"].update(reference="DL1"), r"reference belongs to kind categorical"),
        (lambda c: c["comparisons"]["DOSE"].update(stratified_by=["dose_level"]), r"cannot be compared within itself"),
        (lambda c: c["comparisons"]["GROUP"]["endpoints"].update(OOS={"planned_events": 1, "restricted_mean_to_day": None}),
         r"endpoints: OOS is not declared"),
        (lambda c: c["references"]["TCD547"]["hazard"].update(competing_probability=None), r"CD4IR has competing events"),
        (lambda c: c["references"]["TCD547"]["hazard"].update(competing_probability=0.5), r"add up to 1 or more"),
        (lambda c: c["references"]["TCD547"].update(endpoint="OS"), r"OS has none: it is null"),
        (lambda c: c["references"]["TCD547"].update(until_day=120), r"lies beyond the last day of the hazard, 100"),
        (lambda c: c["references"]["TCD547"].update(groups=["child"]), r"TCD547.groups: child is not declared"),
        (lambda c: c["gates"].update(sed=1), r'unknown key "gates.sed". Did you mean "seed"'),
    ],
)  # fmt: skip
def test_comparisons_name_what_is_declared(folder, change, message):
    edit(folder / "comparisons.yaml", change)
    with pytest.raises(ConfigError, match=rf"comparisons.yaml: .*{message}"):
        load_study(folder / "config.yaml")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c["landmarks"]["BYCD4IR"].update(rule="relapse"), r"rule: relapse is not a threshold of samples"),
        (lambda c: c["landmarks"]["BYCD4IR"]["endpoints"].update(OOS={"planned_events": 1}), r"OOS is not declared"),
        (lambda c: c["landmarks"]["BYCD4IR"]["endpoints"].update(CD4IR={"planned_events": 1}),
         r"cd4_reconstitution is itself an event of CD4IR"),
        (lambda c: c["landmarks"]["BYCD4IR"].update(landmarks_day=[10, 100]),
         r"nobody can have met cd4_reconstitution by day 10; its samples are complete on day 14"),
        (lambda c: c["current_value"]["CURRENTCD4"].update(analyte="CD5"), r"CURRENTCD4.analyte: CD5 is not declared"),
        (lambda c: c["current_value"]["CURRENTCD4"].update(samples_end_at=["dli"]), r"samples_end_at: dli is not declared"),
        (lambda c: c["joint_model"].update(endpoint="OOS"), r"joint_model.endpoint: OOS is not declared"),
        (lambda c: c["joint_model"].update(covariates=["AGEE"]), r"joint_model.covariates: AGEE is not declared"),
    ],
)  # fmt: skip
def test_outcomes_name_what_is_declared(folder, change, message):
    edit(folder / "outcomes.yaml", change)
    with pytest.raises(ConfigError, match=rf"outcomes.yaml: .*{message}"):
        load_study(folder / "config.yaml")


def test_a_rule_whose_status_needs_what_comes_after_a_landmark_is_refused(folder):
    """CIBMTR's cut-point is read on days 80 to 100: on day 60 nobody has a status by it."""

    def late_window(content):
        content["occurrences"]["cd4_reconstitution"]["window"]["first_day"] = 80

    edit(folder / "endpoints.yaml", late_window)
    with pytest.raises(ConfigError, match=r"nobody can have met cd4_reconstitution by day 60; .* is not used"):
        load_study(folder / "config.yaml")


CONTROL = {
    "label": "other", "analysis": "../results/other/cut/analysis", "clock": "transplant", "start": "landmark",
    "landmark_day": 10, "groups": ["all"], "days": [100], "endpoints": {"OS": {"planned_events": 9}},
    "differences": ["another trial"], "p_values": {"shown": False, "reason": "not randomised"}, "source": "s", "status": "draft",
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda c: c["published"]["IR547"].update(endpoint="OS"),
            r"the event of OS is not a threshold with a last day",
        ),
        (lambda c: c["published"]["IR547"].update(applies_to=["child"]), r"applies_to: child is not declared"),
        (lambda c: c["controls"].update(X=CONTROL | {"groups": ["child"]}), r"X.groups: child is not declared"),
        (
            lambda c: c["controls"].update(X=CONTROL | {"start": "delayed entry"}),
            r"landmark_day belongs to start landmark",
        ),
        (lambda c: c["controls"].update(X=CONTROL | {"days": [10]}), r"days: 10 not after the start"),
        (lambda c: c["controls"].update(IR547=CONTROL), r'the code "IR547" is given twice'),
    ],
)
def test_external_references_name_what_is_declared(folder, change, message):
    edit(folder / "external.yaml", change)
    with pytest.raises(ConfigError, match=rf"external.yaml: .*{message}"):
        load_study(folder / "config.yaml")


def test_a_control_data_set_is_looked_for_beside_the_configuration(folder):
    edit(folder / "external.yaml", lambda c: c["controls"].update(X=CONTROL))
    study = load_study(folder / "config.yaml")
    with pytest.raises(SourceError, match=r"results/other/cut/analysis/adsl: no table of the control data set X"):
        control_files(study)
    for name in ("adsl", "adtte"):
        table = folder.parent / "results/other/cut/analysis" / name
        table.mkdir(parents=True)
        (table / "0000.parquet").touch()
    assert [Path(path).name for path in control_files(study)["X"]["adtte"]] == ["0000.parquet"]


def test_comparisons_change_no_other_section(folder):
    """A step re-runs when its section changes: who is compared with whom is read by that step and the displays alone."""
    before = load_study(folder / "config.yaml")
    edit(folder / "comparisons.yaml", lambda c: c["comparisons"].pop("CMV"))
    after = load_study(folder / "config.yaml")
    for section in (specs.tte_spec, specs.derive_spec, specs.recovery_spec, specs.safety_spec, specs.disposition_spec):
        assert section(before) == section(after)
    assert contrast_spec(before) != contrast_spec(after)
