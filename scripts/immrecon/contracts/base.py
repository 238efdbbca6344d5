"""What every contract has: a name, a layer, one sentence of grain, a version; and the column shorthands."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import new_class
from typing import Any, Literal

import dataframely as dy
import polars as pl

Layer = Literal["harmonised", "analysis", "estimates", "export"]


@dataclass(frozen=True)
class Contract:
    """A file between rules: `name` is its stem, `grain` says in one sentence what a row is."""

    name: str
    layer: Layer
    grain: str
    schema: type[dy.Schema]
    schema_version: int = 1
    participant_level: bool = False
    """Participant-level tables are folders of parts, split by participant; result tables are single files."""

    @property
    def dtypes(self) -> pl.Schema:
        """The type of each column, in order."""
        return pl.Schema({name: column.dtype for name, column in self.schema.columns().items()})

    def frame(self, rows: Sequence[Mapping[str, object]]) -> pl.DataFrame:
        """Rows as a frame of the contract's types; NaN, of a number that does not exist, becomes missing."""
        found = pl.DataFrame(rows, schema=self.schema.create_empty().schema)
        return found.with_columns(pl.selectors.float().fill_nan(None))

    def coded(self, columns: Collection[str]) -> "Contract":
        """The same of frames in which the texts of these columns are numbers of a dictionary (Categorical): much less
        to sort, to move and to write where few texts come again and again. The files hold plain texts as before.

        Raises ValueError: no such column, or none of texts.
        """
        if others := [name for name in columns if self.dtypes.get(name) != pl.String]:
            raise ValueError(f"{self.name.upper()} has no column of texts {', '.join(others)}")
        made = {
            name: column
            if name not in columns
            else dy.Categorical(
                nullable=column.nullable,
                primary_key=column.primary_key,
                check=column.check,
                description=column.description,
            )
            for name, column in self.schema.columns().items()
        }
        schema: type[dy.Schema] = new_class(
            self.schema.__name__, (self.schema,), exec_body=lambda body: body.update(made)
        )
        return replace(self, schema=schema)


def text(description: str, **options: Any) -> dy.String:
    return dy.String(description=description, **options)


def optional_text(description: str, **options: Any) -> dy.String:
    return dy.String(description=description, nullable=True, **options)


def one_of(values: Iterable[str], description: str, **options: Any) -> dy.String:
    """One of a closed list of words."""
    allowed = [str(value) for value in values]
    return dy.String(
        description=description,
        check=lambda column: column.is_in(allowed),
        metadata={"values": allowed},
        **options,
    )


def flag(description: str) -> dy.String:
    """A CDISC flag: Y or N, never missing."""
    return one_of(["Y", "N"], description)


def day(description: str, *, nullable: bool = True) -> dy.Date:
    return dy.Date(description=description, nullable=nullable)


def number(description: str, unit: str, *, nullable: bool = True, **options: Any) -> dy.Float64:
    return dy.Float64(description=description, metadata={"unit": unit}, nullable=nullable, **options)


def count(description: str, *, nullable: bool = False, **options: Any) -> dy.Int64:
    return dy.Int64(description=description, nullable=nullable, min=0, **options)


def integer(description: str, *, nullable: bool = True, **options: Any) -> dy.Int64:
    return dy.Int64(description=description, nullable=nullable, **options)


def rule(predicate: Callable[[Any], pl.Expr]) -> Any:
    """A named rule of a schema. A rule that evaluates to null is broken, where dataframely would let it pass."""

    def decided(cls: Any) -> pl.Expr:
        return predicate(cls).fill_null(False)

    decided.__name__ = predicate.__name__
    return dy.rule()(decided)
