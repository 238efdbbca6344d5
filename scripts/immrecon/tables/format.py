"""The only place where a number becomes text, and the words for what is not a number.

Rounding is half away from zero (2.5 becomes 3, 0.25 becomes 0.3), done once, on the decimal value that remains after
the noise beyond 12 significant digits is dropped: the last bits of a float, which differ between machines, cannot
change a printed digit.
"""

import math
import re
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from immrecon.errors import ContractError

NOT_ESTIMABLE = "NE"
"""An estimate or an interval that cannot be given; a footnote says why."""

NOT_REACHED = "NR"
"""A limit of an interval that the follow-up does not reach."""

NOT_APPLICABLE = "–"
"""Nothing that the cell could refer to. The dash has no other meaning: ranges are written with "to"."""

LEGEND = {
    NOT_ESTIMABLE: "NE: not estimable, for the reason given.",
    NOT_REACHED: "NR: limit not reached within the follow-up.",
    NOT_APPLICABLE: "–: not applicable, there is nobody or nothing the cell could refer to.",
}

ROUNDING = (
    "Every number is rounded once, half away from zero. Estimated proportions and their intervals are percentages with "
    "one decimal; ratios have two decimals and p-values three; percentages beside a count have no decimal, or one "
    "where its denominator is 100 or more; measured values are whole from ten on, have one decimal from one on and two "
    "below; days and counts are whole numbers. A value below a limit of quantification is written as “<” and the most "
    "that it can be, one above the upper limit of a method as “>” and the least."
)

_SIGNIFICANT = 12
_SMALL_DENOMINATOR = 100
_NAMES = re.compile(r"\b(kaplan-meier|aalen-johansen|aalen|greenwood|clopper-pearson)\b")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def rounded(value: float | Fraction, decimals: int) -> str:
    """`value` with a fixed number of decimals, half away from zero.

    Raises ContractError: the value is not a finite number (a missing one is null and never reaches here).
    """
    exact = _decimal(value).quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)
    return format(abs(exact) if exact.is_zero() else exact, "f")


def count(number: int) -> str:
    return str(number)


def count_of(number: int, total: int) -> str:
    """A count with its denominator: "8 of 14"; with a slash a spreadsheet would take it for a date."""
    return f"{number} of {total}"


def count_percent(number: int, total: int) -> str:
    """A count with its percentage: "5 (28%)". Some never print as none, nor nearly all as all."""
    if total == 0:
        return NOT_APPLICABLE
    decimals = 0 if total < _SMALL_DENOMINATOR else 1
    text = rounded(Fraction(100 * number, total), decimals)
    if 0 < number < total and Decimal(text) in (0, 100):
        step = Decimal(1).scaleb(-decimals)
        text = f"<{step}" if Decimal(text) == 0 else f">{100 - step}"
    return f"{number} ({text}%)"


def percent(proportion: float) -> str:
    """An estimated proportion as a percentage with one decimal, without the sign."""
    return rounded(Fraction(_decimal(proportion)) * 100, 1)


def level(proportion: float) -> str:
    """A confidence level: "95%"."""
    return f"{plain(float(_decimal(proportion) * 100))}%"


def ratio(value: float) -> str:
    """A ratio: two decimals, three below a tenth, whole from a hundred on; what is smaller than that as a bound."""
    if 0 < value < 0.0005:
        return "<0.001"
    return rounded(value, 3 if value < 0.0995 else 2 if value < 99.5 else 0)


def points(difference: float) -> str:
    """A difference of two proportions in percentage points, with one decimal."""
    return percent(difference)


def p_value(value: float) -> str:
    """A p-value: three decimals; beyond them a bound."""
    if value < 0.0005:
        return "<0.001"
    return ">0.999" if value >= 0.9995 else rounded(value, 3)


def days(value: float) -> str:
    return rounded(value, 0)


def measured(value: float) -> str:
    """A laboratory or baseline value: whole from 10 on, one decimal from 1 on, two below.

    Zeros at the end are left out, as a laboratory that reports 6 has not measured 6.0.
    """
    size = abs(_decimal(value))
    text = rounded(value, 0 if size >= 10 else 1 if size >= 1 else 2)
    return text.rstrip("0").rstrip(".") if "." in text else text


def plain(value: float) -> str:
    """A number as it was declared (a limit, a threshold, a target day): no digit added, none dropped."""
    text = format(_decimal(value), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def below(limit: float | None) -> str:
    """A value below the limit of quantification: "<5"."""
    return "<LLOQ" if limit is None else f"<{plain(limit)}"


def at_most(bound: float) -> str:
    """What can be up to a bound, which need not be a limit of quantification: "\u22644"."""
    return f"\u2264{plain(bound)}"


def above(limit: float) -> str:
    """A value above the upper limit of the method: ">2000"."""
    return f">{plain(limit)}"


def scientific(value: float) -> str:
    """A numerical difference, for its order of magnitude only: "1.2e-16"."""
    exact = _decimal(value)
    if exact.is_zero():
        return "0"
    exponent = exact.adjusted()
    mantissa = rounded(Fraction(exact) / Fraction(10) ** exponent, 1)
    if mantissa.lstrip("-") == "10.0":
        mantissa, exponent = mantissa.replace("10.0", "1.0"), exponent + 1
    return f"{mantissa}e{exponent:+03d}"


def span(low: str, high: str) -> str:
    """A range; words rather than a dash, which negative numbers and missing values need for themselves."""
    return f"{low} to {high}"


def with_interval(estimate: str, interval: str) -> str:
    return f"{estimate} ({interval})"


def unit(text: str) -> str:
    """A unit as it is printed: "/uL" becomes "/µL"."""
    return text.replace("uL", "µL")


def operator(text: str) -> str:
    return {">=": "≥", "<=": "≤"}.get(text, text)


def sentence(text: str) -> str:
    """With a capital first letter, leaving acronyms as they are."""
    return text[:1].upper() + text[1:]


def words(text: str) -> str:
    """Comparisons in the text of a rule or a category as they are printed."""
    return text.replace(">=", "≥").replace("<=", "≤").replace("/uL", "/µL")


def estimator(text: str) -> str:
    """Methods that are called after people, with capitals."""
    return _NAMES.sub(lambda found: "-".join(part.capitalize() for part in found.group().split("-")), text)


def clean(text: str) -> str:
    """Text from data on one line: control characters, which no markup may hold, become spaces."""
    return _CONTROL.sub(" ", text).strip()


def digest(text: str) -> str:
    """The first digits of a checksum, enough to compare by eye."""
    return clean(text)[:12]


def _decimal(value: float | Fraction) -> Decimal:
    if isinstance(value, int):
        return Decimal(value)
    if isinstance(value, Fraction):
        with_noise = Decimal(value.numerator) / Decimal(value.denominator)
        return Decimal(f"{with_noise:.{_SIGNIFICANT}g}")
    if not math.isfinite(value):
        raise ContractError(f"{value} stands in a result table where a finite number or a missing value is expected.")
    return Decimal(f"{value:.{_SIGNIFICANT}g}")
