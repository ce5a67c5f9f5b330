from dataclasses import dataclass

from sentinel.core.errors import FieldError


@dataclass(frozen=True, slots=True)
class Place:
    """Where in an expression something stands: for machines "conditions[1].value", for people "Row 2"."""

    path: str = ""
    row: str = ""

    def condition(self, index: int) -> "Place":
        path = f"{self.path}.conditions[{index}]" if self.path else f"conditions[{index}]"
        return Place(path, f"{self.row}.{index + 1}" if self.row else f"{index + 1}")

    def key(self, name: str) -> "Place":
        return Place(f"{self.path}.{name}" if self.path else name, self.row)

    def item(self, index: int) -> "Place":
        return Place(f"{self.path}[{index}]", self.row)

    @property
    def words(self) -> str:
        return f"Row {self.row}" if self.row else "The rule"

    def error(self, code: str, message: str) -> FieldError:
        return FieldError(self.path, code, f"{self.words}: {message}")
