"""Whatever a file holds, it is proposed or refused in words; what is proposed is data that can be loaded."""

import datetime as dt
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reference import BrokenReference
from reference.imports.kinds import Kind, propose
from reference.imports.official import Refused
from reference.imports.proposal import Present, write
from tests.reference.conftest import RULES
from tests.reference.official_files import (
    COG_HEADER,
    COMPETENCE_HEADER,
    MOVEMENTS_HEADER,
    NATINF_HEADER,
    a_commune,
    a_movement,
    attached,
)

DAY = dt.date(2026, 11, 24)
SOUND: dict[Kind, list[bytes]] = {
    Kind.COMPETENCE: [f"{COMPETENCE_HEADER}\n{attached('33063', 'Bordeaux', '94', '9')}\n".encode("cp1252")],
    Kind.NATINF: [f"{NATINF_HEADER}\n7;Délit;VOL;A;B\n22661;Crime;DÉPÔT;A;B\n".encode("cp1252")],
    Kind.NATAFF: ["Code;Libellé\nA;Un\nA1;Deux\n".encode()],
    Kind.RULES: [RULES.encode()],
    Kind.COMMUNES: [
        f"{COG_HEADER}\n{a_commune('33063', 'Bordeaux')}\n{a_commune('64102', 'Bayonne', '64')}\n".encode(),
        f"{MOVEMENTS_HEADER}\n{a_movement('2016-01-01', '33001', '33063')}\n".encode(),
    ],
}


@st.composite
def files(draw: st.DrawFn) -> tuple[Kind, bytes]:
    """Any bytes, or a sound file with a piece of it replaced, cut out or repeated."""
    kind = draw(st.sampled_from(Kind))
    if draw(st.booleans()):
        return kind, draw(st.binary(max_size=200))
    sound = draw(st.sampled_from(SOUND[kind]))
    start = draw(st.integers(0, len(sound)))
    end = draw(st.integers(start, min(len(sound), start + 12)))
    pieces = st.one_of(
        st.binary(max_size=6), st.sampled_from([b'"', b"\n", b"\r\n", b";", b",", b"\0", b"\xe9", b"99"])
    )
    return kind, sound[:start] + draw(pieces) + sound[end:]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files())
def test_any_file_is_proposed_or_refused(small_folder: Path, file: tuple[Kind, bytes]) -> None:
    kind, content = file
    present = Present(small_folder)
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "officiel.csv"
        path.write_bytes(content)
        (Path(name) / "made").mkdir()
        try:
            proposal = propose(kind, path, present, DAY)
        except (Refused, BrokenReference):
            # Rules are refused with the line of their own file.
            return
        try:
            write(proposal, present, Path(name) / "made", dated=DAY, source=None)
        except BrokenReference:
            # What other sheets say does not go with it, and nothing is put in force.
            assert proposal.difference.losses or kind is Kind.RULES
