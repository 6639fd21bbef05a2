"""The identifiers of v1, each a type with its own pattern.

No event field is an unconstrained string: the journal is kept for ever and read by every service, so a name, an
address or a sentence must find no place in it. In JSON each value has one written form, which its pattern says.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Literal
from uuid import UUID, uuid5

from pydantic import AfterValidator, AwareDatetime, Field, GetCoreSchemaHandler, GetJsonSchemaHandler, StringConstraints
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

UUID_PATTERN = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
# They have no territory of their own, and no code in Judilibre.
NATIONAL_CODES = ("pnf", "pnat", "pnaco")
TRIBUNAL_PATTERN = f"(?:tj[0-9][0-9ab][0-9]{{3}}|{'|'.join(NATIONAL_CODES)})"
# Who says an event: a service by its name, a court by its code.
SOURCE_PATTERN = "/(?:services|tribunals)/[a-z0-9-]{1,32}"
# Nanoseconds are read, and cut to microseconds: other languages write them.
TIME_PATTERN = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?Z"
# W3C Trace Context, version 00.
TRACEPARENT_PATTERN = "00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}"
_SLUG = "[a-z][a-z0-9]*(?:-[a-z0-9]+)*"
_ARTICLE = r"(?:[LRDA]\.? ?)?[0-9]{1,4}(?:-[0-9]{1,3}){0,4}(?: al\. [0-9]{1,2})?"
_CITATION = f"(?:CPP|COJ|CP|CJM|CJPM|CGI) art\\. {_ARTICLE}(?:(?:, | et | à ){_ARTICLE}){{0,4}}"


@dataclass(frozen=True, slots=True)
class Written:
    """The one written form in JSON: pydantic alone would also take "1700006400" for a date and "{…}" for a UUID."""

    pattern: str

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        value = handler(source)
        text = core_schema.chain_schema([core_schema.str_schema(pattern=self.pattern), value])
        return core_schema.json_or_python_schema(json_schema=text, python_schema=value)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        written = handler(schema["python_schema"])
        return written | {"pattern": self.pattern}


def _in_utc(time: datetime) -> datetime:
    try:
        return time.astimezone(UTC)
    except OverflowError:
        raise ValueError("outside the years 1 to 9999") from None


def _text(pattern: str, most: int) -> StringConstraints:
    return StringConstraints(pattern=f"^{pattern}$", max_length=most)


Uuid = Annotated[UUID, Written(f"^{UUID_PATTERN}$")]
ProcedureId = Uuid
EventId = Uuid
DocumentId = Uuid
SupplementId = Uuid
WordsId = Uuid
SubscriptionId = Uuid

Day = Annotated[date, Written("^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
Time = Annotated[AwareDatetime, AfterValidator(_in_utc), Written(f"^{TIME_PATTERN}$")]

# The administration's own reference of its procedure.
Reference = Annotated[str, _text("[A-Za-z0-9][A-Za-z0-9 ./_-]{0,63}", 64)]
# What stands after `administration:` in an organisation.
AdministrationCode = Annotated[str, _text(_SLUG, 48)]
ServiceCode = Annotated[str, _text(_SLUG, 48)]
# Judilibre's code, which ends with the commune of the court's seat; the national prosecutors by their names.
TribunalCode = Annotated[str, _text(TRIBUNAL_PATTERN, 7)]
Organisation = Annotated[str, _text(f"(?:administration:{_SLUG}|tribunal:{TRIBUNAL_PATTERN}|operator)", 64)]
CommuneCode = Annotated[str, _text("[0-9][0-9AB][0-9]{3}", 5)]
# Without leading zeros: whoever takes one in drops them.
Natinf = Annotated[str, _text("[1-9][0-9]{0,4}", 5)]
Nataff = Annotated[str, _text("[A-Z][0-9]{0,2}", 3)]
# Opaque, whatever the authority: digits, hyphens, two capitals at most to end (`2026-00000042-26`, `2600000001H`).
Number = Annotated[str, _text("[0-9]{2}[0-9-]{0,28}[A-Z]{0,2}", 32)]
AuthorityCode = Annotated[str, _text(_SLUG, 32)]
ParquetNumber = Annotated[str, _text("[0-9][0-9/-]{3,19}", 20)]
# A section of a prosecutor's office (`A1`, `ECO2`), never a person: too short for most names.
SectionCode = Annotated[str, _text("[A-Z]{1,4}[0-9]{0,3}", 7)]
RuleId = Annotated[str, _text("[a-z][a-z0-9]*(?:[.-][a-z0-9]+)*", 64)]
# The date of the rules, then what tells two sets of one day apart, then the digest of their data.
RuleSetVersion = Annotated[str, _text(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:\.[0-9]{1,3})?(?:\+[0-9a-f]{8,64})?", 80)]
# `CPP art. 43`, `CPP art. 43 et 706-42`, `COJ art. L211-20; CPP art. D47-5-1`.
LegalBasis = Annotated[str, _text(f"{_CITATION}(?:; {_CITATION}){{0,3}}", 160)]
Sha256 = Annotated[str, _text("[0-9a-f]{64}", 64)]
MediaType = Annotated[
    str, _text("(?:application|audio|font|image|message|model|multipart|text|video)/[a-z0-9][a-z0-9.+_-]{0,99}", 111)
]
Traceparent = Annotated[str, _text(TRACEPARENT_PATTERN, 55)]
JsonPointer = Annotated[str, _text("(?:/[A-Za-z0-9_-]{1,40}){0,8}", 328)]
TopicName = Annotated[str, _text(r"infoparquet\.[a-z0-9-]+(?:\.[a-z0-9-]+){1,4}", 100)]
CourtTopicName = Annotated[str, _text(rf"infoparquet\.tribunal\.{TRIBUNAL_PATTERN}\.v1", 40)]
DossierUrl = Annotated[
    str,
    _text(
        r"https?://(?:[A-Za-z0-9.-]{1,253}|\[[0-9a-f:]{2,39}\])(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~-]{1,64}){0,4}"
        f"/v1/dossiers/{UUID_PATTERN}",
        640,
    ),
]
ServiceName = Literal["intake", "numbering", "routing", "notify", "query"]

Partition = Annotated[int, Field(strict=True, ge=0, le=2**31 - 1)]
Offset = Annotated[int, Field(strict=True, ge=0, le=2**63 - 1)]
# Bytes.
LARGEST_DOCUMENT = 2**30
Size = Annotated[int, Field(strict=True, ge=0, le=LARGEST_DOCUMENT)]
Tries = Annotated[int, Field(strict=True, ge=1, le=10_000)]
BatchNumber = Annotated[int, Field(strict=True, ge=0, le=2**63 - 1)]


def receipt_id(delivery: UUID) -> UUID:
    """The `ce_id` of the `delivered` fact of a delivery: the same however often the relay has to say it."""
    return uuid5(delivery, "delivered")
