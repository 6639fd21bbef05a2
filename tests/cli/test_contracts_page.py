"""The page of the contracts is what the code says: complete, offline, in French, and never older than the code."""

import html
import re
from itertools import pairwise
from pathlib import Path

import pytest
from infoparquet_contracts import codes
from infoparquet_contracts.catalogue import CONTRACTS
from infoparquet_contracts.codes import DismissalGround, Kind, Orientation, Status
from infoparquet_contracts.facts import Decided, Submitted
from infoparquet_contracts.french import FIELDS, says
from infoparquet_contracts.published import GOLDEN
from infoparquet_contracts.registry import MODELS

from cli.contracts_page.fields import Choice, fields_of
from cli.contracts_page.page import highlighted, page

PAGE = Path(__file__).parents[2] / "docs" / "contracts.html"


@pytest.fixture(scope="module")
def text() -> str:
    return PAGE.read_text("utf-8")


def test_the_committed_page_is_what_the_code_says(text: str) -> None:
    assert text == page(), "docs/contracts.html: run `make contracts`"


def test_every_type_is_described_with_what_it_says_and_all_its_examples(text: str) -> None:
    for contract in CONTRACTS:
        kind = contract.model.event_type
        assert f"<code>{kind.replace('.', '.<wbr>')}</code>" in text
        assert html.escape(says(contract.model)) in text
        assert all(f"<code>{one.document['headers']['ce_id']}</code>" in text for one in GOLDEN[kind])


def test_the_newest_version_comes_first_and_an_earlier_one_says_until_when_it_is_published(text: str) -> None:
    assert text.index('id="procedure-routed-v2"') < text.index('id="procedure-routed-v1"')
    assert "Publiée à côté de la version 2 jusqu’au 01/01/2028" in text


def test_every_code_of_an_event_has_its_french_label_beside_it(text: str) -> None:
    # Statuses are what facts add up to: no event carries one.
    carried = [one for one in vars(codes).values() if isinstance(one, type) and issubclass(one, codes.Code)]
    for code in {*carried} - {codes.Code, Status}:
        for one in code:
            assert f"<li><code>{one.value}</code> {html.escape(one.label)}</li>" in text


def test_every_entry_of_the_summary_leads_somewhere_and_no_anchor_stands_twice(text: str) -> None:
    anchors = re.findall(r' id="([^"]+)"', text)
    assert len(set(anchors)) == len(anchors)
    links = re.findall(r'href="#([^"]+)"', text)
    assert len(links) > len({contract.model.fact for contract in CONTRACTS})
    assert set(links) <= set(anchors)


def test_the_page_asks_nothing_of_anybody_and_is_small(text: str) -> None:
    assert len(text.encode()) < 1_000_000
    assert "default-src 'none'" in text
    fetched = re.findall(r'(?:src|href|action)="([^"#]+)"|url\(([^)]+)\)|@import', text)
    assert {link for link, _ in fetched} == {
        "data:,",
        "../contracts/asyncapi.json",
        *(f"../contracts/schemas/{kind}.json" for kind in MODELS),
    }


def test_headings_leave_no_level_out(text: str) -> None:
    levels = [int(level) for level in re.findall(r"<h([1-6])[ >]", text)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert levels.count(1) == 1


def test_every_table_has_headers_with_their_scope(text: str) -> None:
    assert re.findall(r"<th(?! scope=)[ >]", text) == []


def test_the_fields_of_a_type_are_its_schema_s_with_those_inside_after_them() -> None:
    fields = {field.path: field for field in fields_of(Submitted)}
    assert list(fields)[:3] == ["administration", "service", "reference"]
    assert fields["service"].nullable
    assert not fields["administration"].nullable
    assert fields["kind"].choices[0] == Choice("article-40", Kind.ARTICLE_40.label)
    assert fields["places[]"].limits == ("au moins 1", "100 au plus")
    assert fields["natinf[]"].pattern == "^[1-9][0-9]{0,4}$"
    assert not fields["places[].aerodrome"].required
    assert "urgency.until" in fields


def test_a_code_that_may_be_null_keeps_its_labels() -> None:
    fields = {field.path: field for field in fields_of(Decided)}
    assert fields["ground"].nullable
    assert fields["ground"].choices == tuple(Choice(one.value, one.label) for one in DismissalGround)
    assert len(fields["orientation"].choices) == len(Orientation)


def test_every_field_has_words_of_its_own_and_no_words_are_left_over() -> None:
    named = {
        field.path.rpartition(".")[2].removesuffix("[]") for model in MODELS.values() for field in fields_of(model)
    }
    assert named == set(FIELDS)


def test_json_is_marked_for_colour_and_escaped() -> None:
    assert str(highlighted({"a<": ['b: "c"', 1, None]})) == (
        '{\n  <span class="n">&#34;a&lt;&#34;</span>: [\n'
        '    <span class="s">&#34;b: \\&#34;c\\&#34;&#34;</span>,\n'
        '    <span class="v">1</span>,\n    <span class="v">null</span>\n  ]\n}'
    )
